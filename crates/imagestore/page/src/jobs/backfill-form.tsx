import { useState } from "preact/hooks";
import { orderBackfill, type Backfill } from "../api";
import { Button, Dialog, ErrorNote, Select, TextField, toast } from "../parts";
import { formatName, phrases } from "../text";
import { text } from "./text";

const goals = [
  { value: "visually-lossless", name: text.goalVisuallyLossless },
  { value: "high", name: text.goalHigh },
  { value: "medium", name: text.goalMedium },
  { value: "low", name: text.goalLow },
] as const;

const MINUTE = 60_000;

/** The end of this minute, so that what was uploaded just now is among it: as a field for a time takes it, in the time of this place, without seconds. */
function soon(): string {
  const at = new Date(Date.now() + MINUTE);
  return new Date(at.getTime() - at.getTimezoneOffset() * MINUTE).toISOString().slice(0, 16);
}

export function BackfillForm({ onClose, onBegun }: { onClose: () => void; onBegun: (backfill: Backfill) => void }) {
  const [before, setBefore] = useState(soon);
  const [goal, setGoal] = useState<string>("high");
  const [formats, setFormats] = useState("auto");
  const [name, setName] = useState("compress");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();

  const submit = async () => {
    setBusy(true);
    try {
      onBegun(await orderBackfill({ before: new Date(before).toISOString(), target: goal, formats, name }));
      toast(text.started());
      onClose();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };

  return (
    <Dialog title={text.startBackfill()} onClose={onClose} onSubmit={() => { if (!isBusy) void submit(); }} actions={<><Button onClick={onClose}>{phrases.cancel()}</Button><Button type="submit" kind="primary" busy={isBusy}>{text.start()}</Button></>}>
      <p>{text.backfillHint()}</p>
      <TextField type="datetime-local" required label={text.before()} value={before} onInput={(event) => setBefore(event.currentTarget.value)} />
      <Select label={text.goal()} value={goal} options={goals.map(({ value, name: say }) => ({ value: value as string, label: say() }))} onChoose={setGoal} />
      <Select label={text.formats()} value={formats} options={[{ value: "auto", label: text.formatsAuto() }, { value: "same", label: text.formatsSame() }, ...["webp", "avif", "jpg", "jxl"].map((value) => ({ value, label: formatName(value) }))]} onChoose={setFormats} />
      <TextField required label={text.name()} hint={text.nameHint()} pattern="[a-z0-9][a-z0-9\-]*" value={name} onInput={(event) => setName(event.currentTarget.value)} />
      {error !== undefined && <ErrorNote error={error} />}
    </Dialog>
  );
}
