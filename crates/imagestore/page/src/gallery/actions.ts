import { addToAlbum, takeFromAlbum, zipOf, type Album, type Listing } from "../api";
import { deleteWithUndo, report, restore, toast } from "../parts";
import { phrases } from "../text";
import { clear, selected } from "./selection";
import { text } from "./text";

export async function deleteSelected(listing: Listing): Promise<void> {
  const gone = await deleteWithUndo([...selected.value], () => void listing.refresh());
  if (gone.length === 0) return;
  listing.drop(new Set(gone));
  clear();
}

export async function restoreSelected(listing: Listing, ids: readonly string[]): Promise<void> {
  try {
    await restore(ids);
    listing.drop(new Set(ids));
    clear();
  } catch (error) {
    report(error);
  }
}

export async function addTo(album: Album, ids: readonly string[]): Promise<void> {
  try {
    await addToAlbum(album.id, [...ids]);
    toast(text.added({ count: ids.length, album: album.name }));
    clear();
  } catch (error) {
    report(error);
  }
}

export async function takeOutOf(album: Album, listing: Listing, ids: readonly string[]): Promise<void> {
  const gone = new Set<string>();
  try {
    for (const id of ids) {
      await takeFromAlbum(album.id, id);
      gone.add(id);
    }
    toast(text.takenOut({ count: gone.size }), { action: { label: phrases.undo(), run: () => void addToAlbum(album.id, [...gone]).then(() => listing.refresh(), report) } });
    clear();
  } catch (error) {
    report(error);
  }
  listing.drop(gone);
}

/** So many fit into an address, and then the browser saves the archive while it comes. */
const IN_ADDRESS = 150;

export async function downloadSelected(ids: readonly string[]): Promise<void> {
  if (ids.length === 1) return save(`/download/${ids[0]}`);
  if (ids.length <= IN_ADDRESS) return save(`/v1/images/zip?ids=${ids.join(",")}`);
  const done = toast(text.zipping());
  try {
    const url = URL.createObjectURL(await zipOf(ids));
    save(url, "images.zip");
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch (error) {
    report(error);
  } finally {
    done();
  }
}

function save(address: string, name = ""): void {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}
