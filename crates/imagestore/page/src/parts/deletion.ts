import { changeImages, listImages } from "../api";
import { confirm } from "./dialog";
import { text } from "./text";
import { report, toast } from "./toast";

/** Whether the service keeps deleted images: known once one of them was seen that can come back. */
let keeps: boolean | undefined;

async function canComeBack(): Promise<boolean> {
  keeps ??= (await listImages({ deleted: true, limit: 1 })).images.length > 0 || undefined;
  return keeps ?? false;
}

/**
 * Deletes images and offers to undo it. Where it is not known that the service keeps them for a while, it asks first. Gives the ids of
 * those that are gone; `whenBack` is called when they came back.
 */
export async function deleteWithUndo(ids: readonly string[], whenBack: () => void): Promise<string[]> {
  try {
    const count = ids.length;
    const safe = await canComeBack();
    if (!safe && !(await confirm({ title: text.deleteTitle({ count }), detail: text.deleteDetail(), confirm: text.delete(), danger: true }))) return [];
    const { done, failed } = await changeImages(ids, { delete: true });
    if (failed.length > 0) toast(text.notDeleted({ count: failed.length }), { kind: "error" }, failed[0]?.problem.detail);
    if (done.length > 0) {
      const undo = { label: text.undo(), run: () => void restore(done).then(whenBack, report) };
      toast(text.deleted({ count: done.length }), (await canComeBack()) ? { action: undo } : {});
    }
    return done;
  } catch (error) {
    report(error);
    return [];
  }
}

/** Brings deleted images back. */
export async function restore(ids: readonly string[]): Promise<void> {
  const { done, failed } = await changeImages(ids, { restore: true });
  if (done.length > 0) toast(text.restored({ count: done.length }));
  if (failed.length > 0) toast(text.notRestored({ count: failed.length }), { kind: "error" }, failed[0]?.problem.detail);
}
