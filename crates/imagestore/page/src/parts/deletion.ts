import { changeImages, session } from "../api";
import { format, phrases } from "../text";
import { confirm } from "./dialog";
import { text } from "./text";
import { report, toast } from "./toast";

/**
 * Deletes images and offers to undo it for as long as the service keeps them; where it keeps none, it asks first. Gives the ids of
 * those that are gone; `whenBack` is called when they came back.
 */
export async function deleteWithUndo(ids: readonly string[], whenBack: () => void): Promise<string[]> {
  try {
    const count = ids.length;
    const grace = session.value?.delete_grace_seconds ?? 0;
    if (grace === 0 && !(await confirm({ title: text.deleteTitle({ count }), detail: text.deleteDetail(), confirm: phrases.delete(), danger: true }))) return [];
    const { done, failed } = await changeImages(ids, { delete: true });
    if (failed.length > 0) toast(text.notDeleted({ count: failed.length }), { kind: "error" }, failed[0]?.problem.detail);
    if (done.length > 0) {
      const said = text.deleted({ count: done.length });
      const undo = { label: phrases.undo(), run: () => void restore(done).then(whenBack, report) };
      if (grace === 0) toast(said);
      else toast(said, { action: undo }, text.canComeBack({ time: format.period(grace) }));
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
