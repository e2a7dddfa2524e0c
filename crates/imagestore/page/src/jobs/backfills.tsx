import { useSignal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { cancelBackfill, listBackfills, may, onGap, pauseBackfill, resumeBackfill, type Backfill } from "../api";
import { Button, confirm, Progress, report } from "../parts";
import { format } from "../text";
import { sayTask } from "./task";
import { text } from "./text";

/** Nothing tells of a backfill itself: while one is under way it is looked at again and again. */
const EVERY = 2_000;

const statuses: Record<Backfill["status"], () => string> = {
  running: text.backfillRunning,
  paused: text.backfillPaused,
  done: text.backfillDone,
  cancelled: text.backfillCancelled,
};

/** Orders to make older images smaller: those under way, and the others behind a fold. */
export function Backfills({ begun }: { begun: Signal<readonly Backfill[]> }) {
  const known = useSignal<readonly Backfill[]>([]);
  const all = [...begun.value.filter(({ id }) => known.value.every((other) => other.id !== id)), ...known.value];
  const open = all.filter(({ is_over }) => !is_over);
  const over = all.filter(({ is_over }) => is_over);
  const hasOpen = open.length > 0;

  useEffect(() => {
    const look = async () => {
      // Keys that only upload do not see them, and need not be told so.
      known.value = await listBackfills().catch(() => known.value);
    };
    void look();
    const timer = hasOpen ? setInterval(() => void look(), EVERY) : undefined;
    const stop = onGap(() => void look());
    return () => {
      clearInterval(timer);
      stop();
    };
  }, [hasOpen]);

  const put = (changed: Backfill) => {
    known.value = known.value.map((other) => (other.id === changed.id ? changed : other));
  };
  if (all.length === 0) return null;
  return (
    <section class="jobs-backfills" aria-labelledby="jobs-backfills">
      <h2 id="jobs-backfills">{text.backfills()}</h2>
      {open.length > 0 && <ul>{open.map((backfill) => <Row key={backfill.id} backfill={backfill} onChanged={put} />)}</ul>}
      {over.length > 0 && (
        <details>
          <summary>{text.earlier()}</summary>
          <ul>{over.map((backfill) => <Row key={backfill.id} backfill={backfill} onChanged={put} />)}</ul>
        </details>
      )}
    </section>
  );
}

/** One whose jobs are all queued is `done`; for people it is so when these are over. */
const sayStatus = ({ status, is_over }: Backfill) => (status === "done" && !is_over ? text.backfillRunning() : statuses[status]());

function Row({ backfill, onChanged }: { backfill: Backfill; onChanged: (backfill: Backfill) => void }) {
  const { id, status, images, skipped, finished, jobs } = backfill;
  const failed = jobs.failed + jobs.dead;
  const act = (action: (id: string) => Promise<Backfill>) => void action(id).then(onChanged, report);
  const cancel = async () => {
    if (await confirm({ title: text.cancelBackfill(), detail: text.cancelBackfillHint(), confirm: text.cancel(), danger: true })) act(cancelBackfill);
  };
  return (
    <li class="jobs-row">
      <div class="jobs-words">
        <p class="jobs-what">{text.backfillOf({ what: sayTask(backfill.task), before: format.dateTime(backfill.before) })}</p>
        <p>
          <strong>{sayStatus(backfill)}</strong>
          <span class="jobs-note"> · {text.backfillFigures({ finished, skipped, count: images })}{failed > 0 && ` · ${text.backfillFailed({ count: failed })}`}</span>
        </p>
        {!backfill.is_over && <Progress label={text.progressOf()} value={images > 0 ? (finished + skipped) / images : 0} />}
      </div>
      {(status === "running" || status === "paused") && may("write") && (
        <div class="jobs-buttons">
          {status === "running" ? <Button onClick={() => act(pauseBackfill)}>{text.pause()}</Button> : <Button onClick={() => act(resumeBackfill)}>{text.resume()}</Button>}
          <Button onClick={() => void cancel()}>{text.cancel()}</Button>
        </div>
      )}
    </li>
  );
}
