import { useState } from "preact/hooks";
import close from "icon:x";
import download from "icon:download";
import minus from "icon:folder-minus";
import restoreIcon from "icon:rotate-ccw";
import shrink from "icon:minimize-2";
import tagIcon from "icon:tag";
import trash from "icon:trash";
import folder from "icon:folder-plus";
import { may, type Album, type Listing } from "../api";
import { Button, Icon, IconButton, Menu } from "../parts";
import { phrases } from "../text";
import { addTo, downloadSelected, restoreSelected, takeOutOf } from "./actions";
import { albums, newAlbum } from "./albums";
import { CompressDialog } from "./compress-dialog";
import { clear, selected } from "./selection";
import { TagDialog } from "./tag-dialog";
import { text } from "./text";

interface BarProps {
  listing: Listing;
  shown: Album | undefined;
  onDelete: () => void;
}

/** In the place of the search while images are chosen: what can be done with them. */
export function SelectionBar({ listing, shown, onDelete }: BarProps) {
  const [dialog, open] = useState<"tags" | "compress" | undefined>();
  const ids = [...selected.value];
  const isDeleted = "deleted" in listing.scope;
  const intoNew = async () => {
    const made = await newAlbum();
    if (made) await addTo(made, ids);
  };
  const places = [
    { items: [{ label: text.newAlbum(), run: () => void intoNew() }] },
    { items: albums.value.filter(({ id }) => id !== shown?.id).map((album) => ({ label: album.name, run: () => void addTo(album, ids) })) },
  ].filter(({ items }) => items.length > 0);
  return (
    <div class="selection-bar" role="toolbar" aria-label={text.selected({ count: ids.length })}>
      <IconButton label={text.endSelection()} icon={close} onClick={clear} />
      <h1 class="selection-count" aria-live="polite">{text.selected({ count: ids.length })}</h1>
      <div class="selection-actions">
        {isDeleted ? (
          may("delete") && <Action icon={restoreIcon} label={text.restore()} run={() => void restoreSelected(listing, ids)} />
        ) : (
          <>
            {may("write") && <Menu class="button button-quiet" name={text.addToAlbum()} sections={places} label={<><Icon shapes={folder} size={18} /><span class="selection-word">{text.addToAlbum()}</span></>} />}
            {may("write") && shown && <Action icon={minus} label={text.takeOut()} run={() => void takeOutOf(shown, listing, ids)} />}
            {may("write") && <Action icon={tagIcon} label={text.tag()} run={() => open("tags")} />}
            {may("write") && <Action icon={shrink} label={text.compress()} run={() => open("compress")} />}
            <Action icon={download} label={phrases.download()} run={() => void downloadSelected(ids)} />
            {may("delete") && <Action icon={trash} label={phrases.delete()} run={onDelete} />}
          </>
        )}
      </div>
      {dialog === "tags" && <TagDialog ids={ids} listing={listing} onClose={() => open(undefined)} />}
      {dialog === "compress" && <CompressDialog ids={ids} onClose={() => open(undefined)} />}
    </div>
  );
}

function Action({ icon, label, run }: { icon: typeof trash; label: string; run: () => void }) {
  return <Button kind="quiet" icon={icon} aria-label={label} title={label} onClick={run}><span class="selection-word">{label}</span></Button>;
}
