import { useState } from "preact/hooks";
import { changeImages, readImage, type Listing } from "../api";
import { Button, Dialog, report, TextField, toast } from "../parts";
import { phrases } from "../text";
import { clear } from "./selection";
import { text } from "./text";

const split = (given: string) => given.split(",").map((tag) => tag.trim().replace(/^#/, "")).filter(Boolean);

/** Gives tags to many images, and takes some from them. */
export function TagDialog({ ids, listing, onClose }: { ids: readonly string[]; listing: Listing; onClose: () => void }) {
  const [added, setAdded] = useState("");
  const [removed, setRemoved] = useState("");
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    try {
      const { done, failed } = await changeImages(ids, { add_tags: split(added), remove_tags: split(removed) });
      if (done.length > 0) toast(text.tagged({ count: done.length }));
      if (failed.length > 0) toast(text.failed({ count: failed.length }), { kind: "error" }, failed[0]?.problem.detail);
      if (done.length === 1) listing.replace(await readImage(done[0]!));
      clear();
      onClose();
    } catch (error) {
      report(error);
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={text.tagsTitle({ count: ids.length })}
      onClose={onClose}
      onSubmit={() => void save()}
      actions={<Button type="submit" kind="primary" busy={busy} disabled={split(added).length + split(removed).length === 0}>{phrases.save()}</Button>}
    >
      <TextField label={text.addTags()} hint={text.tagsHint()} value={added} autoFocus onInput={(event) => setAdded(event.currentTarget.value)} />
      <TextField label={text.removeTags()} hint={text.tagsHint()} value={removed} onInput={(event) => setRemoved(event.currentTarget.value)} />
    </Dialog>
  );
}
