import { useEffect } from "preact/hooks";
import lock from "icon:lock";
import { may, session } from "../api";
import { EmptyState } from "../parts";
import { DropZone } from "./drop-zone";
import { List } from "./list";
import { follow } from "./outcomes";
import { text } from "./text";
import { Unfinished } from "./unfinished";
import { change } from "./wishes";
import { WishesForm } from "./wishes-form";

/** Whether a page that came here from an album says so: `/ui/upload?album=ID`. */
function askedAlbum(): string | null {
  return new URLSearchParams(window.location.search).get("album");
}

export default function Upload() {
  useEffect(follow, []);
  useEffect(() => {
    const album = askedAlbum();
    if (album) change({ album });
  }, []);

  if (session.value && !may("write")) return <EmptyState level={1} icon={lock} title={text.notAllowed()} hint={text.notAllowedHint()} />;
  return (
    <div class="view">
      <header class="view-head">
        <h1>{text.title()}</h1>
      </header>
      <div class="upload-in">
        <DropZone />
        <WishesForm />
      </div>
      <Unfinished />
      <List />
    </div>
  );
}
