import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import album from "icon:folder";
import plus from "icon:plus";
import trash from "icon:trash";
import { changeAlbum, deleteAlbum, listAlbums, makeAlbum, may, onEvent, type Album } from "../api";
import { location, navigate } from "../app/router";
import { confirm, Icon, IconButton, Menu, prompt, report, toast } from "../parts";
import { phrases } from "../text";
import { ShareDialog } from "./share-dialog";
import { text } from "./text";

/** All albums, as the side bar and the actions show them. */
export const albums = signal<readonly Album[]>([]);

const PAUSE_MS = 300;
const loadAlbums = () => listAlbums().then((all) => { albums.value = all; }, report);

/** Keeps the list of albums as it is while somebody looks. */
export function useAlbums(): void {
  useEffect(() => {
    void loadAlbums();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onEvent(["album.created", "album.changed", "album.deleted", "album.image_added", "album.image_removed"], () => {
      clearTimeout(timer);
      timer = setTimeout(() => void loadAlbums(), PAUSE_MS);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, []);
}

/** Asks for a name and makes an album of it. */
export async function newAlbum(): Promise<Album | undefined> {
  const name = await prompt({ title: text.newAlbum(), label: text.albumName(), confirm: text.make() });
  if (!name) return undefined;
  try {
    const made = await makeAlbum({ name });
    albums.value = [made, ...albums.value];
    return made;
  } catch (error) {
    report(error);
    return undefined;
  }
}

export function AlbumList() {
  const { path, query } = location.value;
  const create = async () => {
    const made = await newAlbum();
    if (made) navigate(`/ui/album/${made.id}`);
  };
  return (
    <nav class="album-list" aria-label={text.albums()}>
      <div class="album-list-head">
        <h2>{text.albums()}</h2>
        {may("write") && <IconButton label={text.newAlbum()} icon={plus} size={18} onClick={() => void create()} />}
      </div>
      {albums.value.length === 0 && <p class="album-list-empty">{text.noAlbums()}</p>}
      <ul>
        {albums.value.map(({ id, name, images }) => (
          <li key={id}>
            <a class="shell-link" href={`/ui/album/${id}`} aria-current={path === `/ui/album/${id}` ? "page" : undefined}>
              <Icon shapes={album} />
              <span class="album-list-name">{name}</span>
              <span class="album-list-count">{images}<span class="visually-hidden"> {text.images()}</span></span>
            </a>
          </li>
        ))}
        <li>
          <a class="shell-link" href="/?deleted=true" aria-current={path === "/" && query.get("deleted") === "true" ? "page" : undefined}>
            <Icon shapes={trash} />
            <span class="album-list-name">{text.deletedTitle()}</span>
          </a>
        </li>
      </ul>
    </nav>
  );
}

/** What can be done with the album that is shown. */
export function AlbumMenu({ shown }: { shown: Album }) {
  const [sharing, share] = useState(false);
  const rename = async () => {
    const name = await prompt({ title: text.rename(), label: text.albumName(), value: shown.name, confirm: phrases.save() });
    if (name) await changeAlbum(shown.id, { name }).then(loadAlbums, report);
  };
  const remove = async () => {
    if (!(await confirm({ title: text.deleteAlbumTitle({ name: shown.name }), detail: text.deleteAlbumDetail(), confirm: text.deleteAlbum(), danger: true }))) return;
    try {
      await deleteAlbum(shown.id);
      albums.value = albums.value.filter(({ id }) => id !== shown.id);
      toast(text.albumDeleted());
      navigate("/", { replace: true });
    } catch (error) {
      report(error);
    }
  };
  const write = may("write")
    ? [
        { label: text.rename(), run: () => void rename() },
        { label: text.share(), run: () => share(true) },
      ]
    : [];
  const items = [
    ...write,
    ...(shown.images > 0 ? [{ label: text.downloadAlbum(), run: () => window.location.assign(`/v1/albums/${shown.id}/zip`) }] : []),
    ...(may("delete") ? [{ label: text.deleteAlbum(), danger: true, run: () => void remove() }] : []),
  ];
  return (
    <>
      <Menu class="button" sections={[{ items }]} label={text.albumActions()} />
      {sharing && <ShareDialog shown={shown} onClose={() => share(false)} />}
    </>
  );
}
