import { useEffect, useState } from "preact/hooks";
import { cancelJob, may, onEvent, onGap, orderCompression, readJob, type ImageInfo, type Job } from "../api";
import { Button, Progress, report } from "../parts";
import { format } from "../text";
import type { Wish } from "./goal";
import { orderOf } from "./goal";
import { savedPart } from "./comparison";
import { text } from "./text";

const KINDS = ["job.queued", "job.leased", "job.progress", "job.done", "job.failed", "job.dead", "job.cancelled"] as const;

const OVER = new Set(["done", "failed", "dead", "cancelled"]);

/** Orders what is compared for this picture, and follows the job until it is over. */
export function ApplyOne({ image, wish }: { image: ImageInfo; wish: Wish }) {
  const [job, setJob] = useState<Job | undefined>();
  const [busy, setBusy] = useState(false);
  const id = job?.id;
  useEffect(() => {
    if (!id) return;
    const look = () => void readJob(id).then(setJob, report);
    const stop = onEvent(KINDS, (told) => told.id === id && setJob(told));
    const stopGap = onGap(look);
    // Between the order and the first event it may have come far.
    look();
    return () => {
      stop();
      stopGap();
    };
  }, [id]);

  const order = async () => {
    setBusy(true);
    try {
      setJob((await orderCompression({ ...orderOf(wish), image_id: image.id })).jobs[0]);
    } catch (error) {
      report(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button kind="primary" busy={busy} disabled={wish.formats.length === 0 || !may("write")} onClick={() => void order()}>
        {text.applyOne()}
      </Button>
      {job && <JobNote job={job} image={image} onCancelled={setJob} />}
    </>
  );
}

function JobNote({ job, image, onCancelled }: { job: Job; image: ImageInfo; onCancelled: (job: Job) => void }) {
  const cancel = () => void cancelJob(job.id).then((told) => onCancelled(told ?? { ...job, status: "cancelled" }), report);
  return (
    <div class="cmp-job" role="status">
      {!OVER.has(job.status) && (
        <>
          <p>{job.status === "queued" ? text.jobQueued() : text.jobRunning()}</p>
          <Progress value={job.status === "queued" ? undefined : job.progress / 100} label={text.job()} />
          <Button kind="quiet" onClick={cancel}>
            {text.cancelJob()}
          </Button>
        </>
      )}
      {OVER.has(job.status) && <p class={job.status === "failed" || job.status === "dead" ? "cmp-bad" : undefined}>{ending(job, image)}</p>}
      <p class="cmp-job-links">
        {job.status === "done" && job.urls.result && (
          <a href={pathOf(job.urls.result)} target="_blank" rel="noreferrer">
            {text.openResult()}
          </a>
        )}
        <a href="/ui/jobs">{text.allJobs()}</a>
      </p>
    </div>
  );
}

function ending(job: Job, image: ImageInfo): string {
  if (job.status === "cancelled") return text.jobCancelled();
  if (job.status !== "done" || !job.result) return text.jobFailed({ detail: job.problem?.detail ?? "" });
  if (job.result.kept) return text.jobKept();
  return text.jobDone({
    name: job.name ?? "",
    bytes: format.bytes(job.result.bytes),
    saved: format.percent(savedPart(image, job.result.bytes)),
    score: job.result.figures.score == null ? "–" : format.number(job.result.figures.score, 1),
  });
}

/** Documents name the public address of the store, which need not be the one that the page came from. */
function pathOf(url: string): string {
  const { pathname, search } = new URL(url, window.location.origin);
  return pathname + search;
}
