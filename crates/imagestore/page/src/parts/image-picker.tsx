import { useEffect, useState } from "preact/hooks";
import { listImages, variantUrl, type ListedImage } from "../api";
import { phrases } from "../text";
import { Button } from "./button";
import { Dialog } from "./dialog";
import { TextField } from "./field";
import { ErrorNote } from "./problem";
import { text } from "./text";

const PAGE = 40;
const TILE = 160;
const PAUSE_MS = 250;

interface PickerProps {
  title: string;
  onPick: (image: ListedImage) => void;
  onClose: () => void;
}

/** Lets one picture be chosen: the newest ones first, or those whose name begins with what is typed. */
export function ImagePicker({ title, onPick, onClose }: PickerProps) {
  const [name, setName] = useState("");
  const [images, setImages] = useState<readonly ListedImage[] | undefined>();
  const [cursor, setCursor] = useState<string | undefined>();
  const [error, fail] = useState<unknown>();

  const load = async (from: string | undefined, signal?: AbortSignal) => {
    try {
      const page = await listImages({ name: name.trim() || undefined, limit: PAGE, cursor: from }, signal);
      setImages((before) => (from ? [...(before ?? []), ...page.images] : page.images));
      setCursor(page.cursor ?? undefined);
      fail(undefined);
    } catch (reason) {
      if (!signal?.aborted) fail(reason);
    }
  };
  useEffect(() => {
    const running = new AbortController();
    const timer = setTimeout(() => void load(undefined, running.signal), images ? PAUSE_MS : 0);
    return () => {
      clearTimeout(timer);
      running.abort();
    };
  }, [name]);

  return (
    <Dialog title={title} onClose={onClose} wide>
      <TextField type="search" label={text.nameBegins()} value={name} onInput={(event) => setName(event.currentTarget.value)} />
      {error !== undefined && <ErrorNote error={error} />}
      {images?.length === 0 && <p role="status">{name.trim() ? text.noSuchImage() : text.noImages()}</p>}
      <ul class="picker" aria-label={title}>
        {images?.map((image) => (
          <li key={image.id}>
            <button type="button" class="picker-tile" onClick={() => onPick(image)}>
              <img src={variantUrl(image, { w: TILE, h: TILE, fit: "cover" })} alt="" width={TILE} height={TILE} loading="lazy" />
              <span>{image.name ?? image.id}</span>
            </button>
          </li>
        ))}
      </ul>
      {cursor && <Button onClick={() => void load(cursor)}>{phrases.showMore()}</Button>}
    </Dialog>
  );
}
