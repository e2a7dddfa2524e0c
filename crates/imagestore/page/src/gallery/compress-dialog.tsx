import { useState } from "preact/hooks";
import { orderCompression } from "../api";
import { navigate } from "../app/router";
import { Button, Dialog, report, Select, toast } from "../parts";
import { clear } from "./selection";
import { text } from "./text";

type Goal = "visually-lossless" | "high" | "medium" | "low";

const AT_ONCE = 500;
/** So many ids fit into an address. */
const COMPARABLE = 100;

/** Orders a smaller variant of each chosen image. */
export function CompressDialog({ ids, onClose }: { ids: readonly string[]; onClose: () => void }) {
  const [goal, setGoal] = useState<Goal>("high");
  const [busy, setBusy] = useState(false);
  const goals: { value: Goal; label: string }[] = [
    { value: "visually-lossless", label: text.goalHighest() },
    { value: "high", label: text.goalHigh() },
    { value: "medium", label: text.goalMedium() },
    { value: "low", label: text.goalLow() },
  ];
  const order = async () => {
    setBusy(true);
    try {
      let count = 0;
      for (let from = 0; from < ids.length; from += AT_ONCE) {
        count += (await orderCompression({ ids: ids.slice(from, from + AT_ONCE), target: goal })).jobs.length;
      }
      toast(text.ordered({ count }), { action: { label: text.seeJobs(), run: () => navigate("/ui/jobs") } });
      clear();
      onClose();
    } catch (error) {
      report(error);
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={text.compressTitle({ count: ids.length })}
      onClose={onClose}
      onSubmit={() => void order()}
      actions={
        <>
          {ids.length <= COMPARABLE && <a class="button" href={`/ui/compare/${ids[0]}?ids=${ids.join(",")}`}>{text.compareFirst()}</a>}
          <Button type="submit" kind="primary" busy={busy}>{text.order()}</Button>
        </>
      }
    >
      <p>{text.compressHint()}</p>
      <Select label={text.goal()} value={goal} options={goals} onChoose={setGoal} />
    </Dialog>
  );
}
