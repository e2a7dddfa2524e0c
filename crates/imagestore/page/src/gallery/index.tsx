import { useEffect, useMemo, useState } from "preact/hooks";
import albumsIcon from "icon:folder";
import images from "icon:images";
import searchX from "icon:search-x";
import trashIcon from "icon:trash";
import { currentListing, may, onEvent, onGap, openListing, readAlbum, type Album, type Listing } from "../api";
import { sideExtra } from "../app/navigation";
import { location } from "../app/router";
import { Button, Dialog, EmptyState, ErrorNote, IconButton } from "../parts";
import { phrases } from "../text";
import { deleteSelected } from "./actions";
import { AlbumList, AlbumMenu, albums, useAlbums } from "./albums";
import { addressOf, filterOf } from "./filter";
import { Grid } from "./grid";
import { activeIndex } from "./keyboard";
import { KeysDialog } from "./keys-dialog";
import { clear, isSelecting } from "./selection";
import { SelectionBar } from "./selection-bar";
import { text } from "./text";
import { Toolbar } from "./toolbar";

const PAUSE_MS = 800;

/** All images, those of an album (`id`), or those that were deleted and can come back. */
export default function Gallery({ id }: Record<string, string>) {
  const { query } = location.value;
  const isDeleted = !id && query.get("deleted") === "true";
  const chosen = filterOf(query);
  const key = id ?? (isDeleted ? "deleted" : addressOf(chosen));
  const listing = useMemo(() => openListing(id ? { album: id } : isDeleted ? { deleted: true } : { filter: chosen }), [key]);
  const [dialog, open] = useState<"keys" | "albums" | undefined>();
  const shown = useAlbum(id);
  useAlbums();
  useNews(listing);
  useShortcuts(() => open("keys"));

  useEffect(() => {
    sideExtra.value = <AlbumList />;
    return () => {
      sideExtra.value = undefined;
    };
  }, []);
  useEffect(() => {
    clear();
    if (currentListing.peek() !== shownBefore) activeIndex.value = 0;
    shownBefore = listing;
    open(undefined);
  }, [listing]);

  const remove = () => {
    if (may("delete")) void deleteSelected(listing);
  };
  const title = id ? (shown?.name ?? "") : isDeleted ? text.deletedTitle() : text.title();
  return (
    <div class="gallery">
      {isSelecting.value ? <div class="gallery-head"><SelectionBar listing={listing} shown={shown} onDelete={remove} /></div> : (
        <div class="gallery-head">
          <IconButton class="gallery-albums" label={text.albums()} icon={albumsIcon} onClick={() => open("albums")} />
          <h1>{title}</h1>
          <Count listing={listing} />
          {shown && <AlbumMenu shown={shown} />}
          {!id && !isDeleted && <Toolbar chosen={chosen} onKeys={() => open("keys")} />}
        </div>
      )}
      <Content listing={listing} isFiltered={key !== "/" && !id && !isDeleted} onDelete={remove} />
      {dialog === "keys" && <KeysDialog onClose={() => open(undefined)} />}
      {dialog === "albums" && <Dialog title={text.albums()} onClose={() => open(undefined)}><AlbumList /></Dialog>}
    </div>
  );
}

let shownBefore: Listing | undefined;

function Count({ listing }: { listing: Listing }) {
  void listing.version.value;
  return <span class="gallery-count" role="status">{listing.ready.value && listing.total > 0 ? text.count({ count: listing.total }) : ""}</span>;
}

function Content({ listing, isFiltered, onDelete }: { listing: Listing; isFiltered: boolean; onDelete: () => void }) {
  void listing.version.value;
  const error = listing.error.value;
  if (error && (!listing.ready.value || listing.total === 0)) {
    return <div class="view"><ErrorNote error={error}><Button onClick={() => void listing.refresh()}>{phrases.again()}</Button></ErrorNote></div>;
  }
  if (!listing.ready.value) return <div class="grid-around" aria-busy="true" />;
  if (listing.total > 0) return <Grid listing={listing} onDelete={onDelete} />;
  if (isFiltered) return <EmptyState icon={searchX} title={text.nothingFound()} hint={text.nothingFoundHint()}><a class="button" href="/">{text.showAll()}</a></EmptyState>;
  if ("deleted" in listing.scope) return <EmptyState icon={trashIcon} title={text.emptyDeleted()} hint={text.emptyDeletedHint()} />;
  if ("album" in listing.scope) return <EmptyState icon={albumsIcon} title={text.emptyAlbum()} hint={text.emptyAlbumHint()}><a class="button" href="/">{text.title()}</a></EmptyState>;
  return <EmptyState icon={images} title={text.emptyTitle()} hint={text.emptyHint()}>{may("write") && <a class="button button-primary" href="/ui/upload">{text.toUpload()}</a>}</EmptyState>;
}

function useAlbum(id: string | undefined): Album | undefined {
  const [fetched, setFetched] = useState<Album | undefined>();
  useEffect(() => {
    setFetched(undefined);
    if (id) void readAlbum(id).then(setFetched, () => undefined);
  }, [id]);
  return albums.value.find((album) => album.id === id) ?? (fetched?.id === id ? fetched : undefined);
}

/** Keeps the list true while things happen, without asking for each of a thousand uploads. */
function useNews(listing: Listing): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const later = () => {
      clearTimeout(timer);
      timer = setTimeout(() => void listing.refresh(), PAUSE_MS);
    };
    const stops = [
      onEvent(["image.stored", "image.restored", "image.replaced", "album.image_added", "album.image_removed"], later),
      onEvent(["image.deleted"], ({ id }) => ("deleted" in listing.scope ? later() : listing.indexOf(id) >= 0 && listing.drop(new Set([id])))),
      onEvent(["image.changed"], (image) => listing.replace(image)),
      onGap(later),
    ];
    return () => {
      clearTimeout(timer);
      for (const stop of stops) stop();
    };
  }, [listing]);
}

/** `/` searches and `?` tells the keys, unless somebody types. */
function useShortcuts(showKeys: () => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const typing = event.target instanceof Element && event.target.closest("input, textarea, select, dialog, [role=menu]");
      if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "?") showKeys();
      else if (event.key === "/") document.querySelector<HTMLInputElement>("[data-search]")?.focus();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}
