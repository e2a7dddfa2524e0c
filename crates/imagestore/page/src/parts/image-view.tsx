import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import imageIcon from "icon:image";
import { readInfo, type ImageInfo } from "../api";
import { Button } from "./button";
import { EmptyState } from "./empty-state";
import { ImagePicker } from "./image-picker";
import { ErrorNote } from "./problem";
import { text } from "./text";

interface ImageViewProps {
  /** Which picture; while there is none, one can be chosen. */
  id: string | undefined;
  class: string;
  title: (name: string) => string;
  /** Why one would choose a picture here. */
  hint: string;
  /** Where else one can go with the picture. */
  links: (image: ImageInfo) => ComponentChildren;
  onPick: (id: string) => void;
  children: (image: ImageInfo) => ComponentChildren;
}

/** A view of one picture that is chosen from the newest ones or named in the address: its title, ways on, and what the view makes of it. */
export function ImageView({ id, ...rest }: ImageViewProps) {
  return id ? <OfImage key={id} id={id} {...rest} /> : <ChooseFirst {...rest} />;
}

type Rest = Omit<ImageViewProps, "id">;

function ChooseFirst({ hint, onPick }: Rest) {
  return (
    <div class="view">
      <EmptyState icon={imageIcon} title={text.choosePicture()} hint={hint} level={1}>
        <PickButton kind="primary" label={text.choosePicture()} onPick={onPick} />
      </EmptyState>
    </div>
  );
}

function OfImage({ id, title, links, onPick, children, class: look }: Rest & { id: string }) {
  const [image, setImage] = useState<ImageInfo | undefined>();
  const [error, fail] = useState<unknown>();
  useEffect(() => {
    const running = new AbortController();
    readInfo(id, running.signal).then(setImage, (reason: unknown) => running.signal.aborted || fail(reason));
    return () => running.abort();
  }, [id]);
  const another = <PickButton label={text.otherPicture()} onPick={onPick} />;
  if (error) {
    return (
      <div class="view">
        <ErrorNote error={error}>{another}</ErrorNote>
      </div>
    );
  }
  if (!image) {
    return (
      <p class="visually-hidden" role="status">
        {text.loadingPicture()}
      </p>
    );
  }
  return (
    <div class={`image-view ${look}`}>
      <header class="image-view-head">
        <h1>{title(nameOf(image))}</h1>
        <div class="image-view-ways">
          {another}
          {links(image)}
        </div>
      </header>
      {children(image)}
    </div>
  );
}

function PickButton({ label, kind, onPick }: { label: string; kind?: "primary"; onPick: (id: string) => void }) {
  const [picking, pick] = useState(false);
  return (
    <>
      <Button kind={kind} onClick={() => pick(true)}>
        {label}
      </Button>
      {picking && (
        <ImagePicker
          title={text.choosePicture()}
          onClose={() => pick(false)}
          onPick={(picked) => {
            pick(false);
            onPick(picked.id);
          }}
        />
      )}
    </>
  );
}

/** What a picture is called, also where nobody named it. */
export const nameOf = (image: Pick<ImageInfo, "name">): string => image.name ?? text.unnamed();
