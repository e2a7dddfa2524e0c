import { useEffect, useState } from "preact/hooks";
import back from "icon:arrow-left";
import compress from "icon:minimize-2";
import download from "icon:download";
import info from "icon:info";
import left from "icon:chevron-left";
import right from "icon:chevron-right";
import transform from "icon:wand-sparkles";
import trash from "icon:trash";
import { currentListing, may, readInfo, type ImageInfo } from "../api";
import { goBack, navigate } from "../app/router";
import { Button, deleteWithUndo, ErrorNote, Icon, IconButton } from "../parts";
import { phrases } from "../text";
import { Copies } from "./copies";
import { Facts } from "./facts";
import { Happenings } from "./happenings";
import { useNeighbours } from "./neighbours";
import { Picture } from "./picture";
import { Record } from "./record";
import { text } from "./text";
import { Variants } from "./variants";

/** One image: the picture, what is known of it, and what can be done with it. */
export default function Detail({ id = "" }: Record<string, string>) {
  const [image, setImage] = useState<ImageInfo | undefined>();
  const [error, fail] = useState<unknown>();
  const [factsShown, showFacts] = useState(true);
  const neighbours = useNeighbours(image);

  const load = (signal?: AbortSignal) =>
    readInfo(id, signal).then(
      (found) => {
        setImage(found);
        fail(undefined);
        document.title = `${found.name ?? text.unnamed()} – imagestore`;
      },
      (reason: unknown) => {
        if (!signal?.aborted) fail(reason);
      },
    );
  useEffect(() => {
    const running = new AbortController();
    void load(running.signal);
    return () => running.abort();
  }, [id]);

  const go = (to: string | undefined) => to && navigate(`/ui/image/${to}`, { replace: true });
  const remove = async () => {
    const gone = await deleteWithUndo([id], () => void currentListing.peek()?.refresh());
    if (gone.length === 0) return;
    currentListing.peek()?.drop(new Set(gone));
    const to = neighbours.next ?? neighbours.previous;
    if (to) go(to);
    else goBack("/");
  };
  useKeys({ ArrowLeft: () => go(neighbours.previous), ArrowRight: () => go(neighbours.next), Escape: () => goBack("/"), Delete: () => may("delete") && void remove(), i: () => showFacts((shown) => !shown) });

  if (error) {
    return <div class="view"><h1 class="visually-hidden">{text.image()}</h1><ErrorNote error={error}><Button onClick={() => void load()}>{phrases.again()}</Button><a class="button" href="/">{phrases.toGallery()}</a></ErrorNote></div>;
  }
  return (
    <div class={factsShown ? "detail detail-with-facts" : "detail"}>
      <div class="detail-main">
        <div class="detail-head">
          <IconButton label={text.back()} icon={back} onClick={() => goBack("/")} />
          <div class="detail-actions">
            <IconButton label={text.previous()} icon={left} disabled={!neighbours.previous} onClick={() => go(neighbours.previous)} />
            <IconButton label={text.next()} icon={right} disabled={!neighbours.next} onClick={() => go(neighbours.next)} />
            <a class="button button-quiet" href={`/ui/transform/${id}`} title={text.transform()}><Icon shapes={transform} size={18} /><span class="detail-word">{text.transform()}</span></a>
            <a class="button button-quiet" href={`/ui/compare/${id}`} title={text.compress()}><Icon shapes={compress} size={18} /><span class="detail-word">{text.compress()}</span></a>
            <a class="button button-quiet" href={`/download/${id}`} download title={phrases.download()}><Icon shapes={download} size={18} /><span class="detail-word">{phrases.download()}</span></a>
            {may("delete") && <IconButton label={phrases.delete()} icon={trash} onClick={() => void remove()} />}
            <IconButton label={text.showFacts()} icon={info} aria-pressed={factsShown} onClick={() => showFacts(!factsShown)} />
          </div>
        </div>
        {image && <Picture image={image} />}
      </div>
      {image && (
        <div class="detail-side" hidden={!factsShown}>
          <Record image={image} onSaved={() => void load()} />
          <Copies image={image} />
          <Facts image={image} />
          <Variants image={image} onChange={() => void load()} />
          <Happenings id={image.id} onChange={(kind) => kind !== "job.progress" && kind !== "image.deleted" && void load()} />
        </div>
      )}
    </div>
  );
}

/** Keys of the whole view, unless somebody types or a dialog is open. */
function useKeys(keys: { [key: string]: () => unknown }): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const elsewhere = event.target instanceof Element && event.target.closest("input, textarea, select, dialog, [role=menu]");
      const run = keys[event.key];
      if (elsewhere || !run || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      run();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  });
}
