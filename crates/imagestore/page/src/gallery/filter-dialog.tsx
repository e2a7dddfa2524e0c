import { useState } from "preact/hooks";
import type { Format, Visibility } from "../api";
import { Button, Dialog, Select, TextField } from "../parts";
import { formatName } from "../text";
import { formats, visibilities, type Chosen } from "./filter";
import { text } from "./text";

const KILOBYTE = 1000;

const kilobytes = (bytes: number | undefined) => (bytes === undefined ? "" : String(bytes / KILOBYTE));
const bytesOf = (typed: string) => (typed === "" ? undefined : Math.round(Number(typed) * KILOBYTE));

/** What the list can be narrowed to beside the search. */
export function FilterDialog({ chosen, onApply, onClose }: { chosen: Chosen; onApply: (chosen: Chosen) => void; onClose: () => void }) {
  const [draft, setDraft] = useState(chosen);
  const change = (part: Partial<Chosen>) => setDraft({ ...draft, ...part });
  const nothing: Partial<Chosen> = { format: undefined, visibility: undefined, since: undefined, before: undefined, min_bytes: undefined, max_bytes: undefined };
  return (
    <Dialog
      title={text.filters()}
      onClose={onClose}
      onSubmit={() => onApply(draft)}
      actions={
        <>
          <Button onClick={() => onApply({ ...draft, ...nothing })}>{text.clearFilters()}</Button>
          <Button type="submit" kind="primary">{text.apply()}</Button>
        </>
      }
    >
      <div class="filter-fields">
        <Select label={text.format()} value={draft.format ?? ""} options={[{ value: "", label: text.anyFormat() }, ...formats.map((format) => ({ value: format, label: formatName(format) }))]} onChoose={(value) => change({ format: (value || undefined) as Format | undefined })} />
        <Select label={text.visibility()} value={draft.visibility ?? ""} options={[{ value: "", label: text.anyVisibility() }, ...visibilities.map((visibility) => ({ value: visibility, label: text[visibility]() }))]} onChoose={(value) => change({ visibility: (value || undefined) as Visibility | undefined })} />
        <TextField type="date" label={text.since()} value={draft.since ?? ""} onInput={(event) => change({ since: event.currentTarget.value || undefined })} />
        <TextField type="date" label={text.before()} value={draft.before ?? ""} onInput={(event) => change({ before: event.currentTarget.value || undefined })} />
        <TextField type="number" min={0} step="any" label={text.minSize()} value={kilobytes(draft.min_bytes)} onInput={(event) => change({ min_bytes: bytesOf(event.currentTarget.value) })} />
        <TextField type="number" min={0} step="any" label={text.maxSize()} value={kilobytes(draft.max_bytes)} onInput={(event) => change({ max_bytes: bytesOf(event.currentTarget.value) })} />
      </div>
    </Dialog>
  );
}
