import { useSignal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { cancelBackfill, listBackfills, may, onEvent, onGap, pauseBackfill, resumeBackfill, type Backfill } from "../api";
import { Button, confirm, Progress, report } from "../parts";
import { format } from "../text";
import { sayTask } from "./task";
import { text } from "./text";

/** Backfills tell of themselves only by their jobs: they are looked at again this long after one of these. */
const PAUSE = 1_500;

const statuses: Record<Backfill["status"], () => string> = {
  running: text.backfillRunning,
  paused: text.backfillPaused,
  done: text.backfillDone,
  cancelled: text.backfillCancelled,
};

/** Orders to make older images smaller: those under way, and the others behind a fold. */
export function Backfills({ begun }: { begun: Signal<readonly Backfill[]> }) {
  const known = useSignal<readonly Backfill[]>([]);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      timer = undefined;
      // Keys that only upload do not see them, and need not be told so.
      known.value = await listBackfills().catch(() => known.value);
    };
    const soon = () => {
      timer ??= setTimeout(() => void look(), PAUSE);
    };
    void look();
    const stops = [onEvent(["job.queued", "job.done", "job.failed", "job.dead", "job.cancelled"], soon), onGap(soon)];
    return () => {
      clearTimeout(timer);
      stops.forEach((stop) => stop());
    };
  }, []);

  const put = (changed: Backfill) => {
    known.value = known.value.map((other) => (other.id === changed.id ? changed : other));
  };
  const all = [...begun.value.filter(({ id }) => known.value.every((other) => other.id !== id)), ...known.value];
  const open = all.filter(({ is_over }) => !is_over);
  const over = all.filter(({ is_over }) => is_over);
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
          <strong>{statuses[status]()}</strong>
          <span class="jobs-note"> · {text.backfillFigures({ finished, skipped, count: images })}{failed > 0 && ` · ${text.backfillFailed({ count: failed })}`}</span>
        </p>
        {!backfill.is_over && <Progress label={text.progressOf()} value={images > 0 ? (finished + skipped) / images : 0} />}
      </div>
      {!backfill.is_over && may("write") && (
        <div class="jobs-buttons">
          {status === "running" && <Button onClick={() => act(pauseBackfill)}>{text.pause()}</Button>}
          {status === "paused" && <Button onClick={() => act(resumeBackfill)}>{text.resume()}</Button>}
          <Button onClick={() => void cancel()}>{text.cancel()}</Button>
        </div>
      )}
    </li>
  );
}
