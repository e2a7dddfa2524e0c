import { processedUrl, type Job, type Operation } from "../api";
import { format } from "../text";
import { jobOf } from "./outcomes";
import { text } from "./text";

/** What became of the wish: the job about the image, and where its result is. */
export function Outcome({ image, operation }: { image: string; operation?: Operation }) {
  const job = jobOf(image).value;
  if (!job) return null;
  return (
    <p class="upload-outcome">
      <span>{said(job, operation !== undefined)}</span>
      {job.status === "done" && job.result && !job.result.kept && <a href={operation ? processedUrl(image) : pathOf(job)} target="_blank">{text.result()}</a>}
      {job.status !== "done" && <a href="/ui/jobs">{text.toJobs()}</a>}
    </p>
  );
}

function said(job: Job, isOperation: boolean): string {
  switch (job.status) {
    case "queued":
    case "leased":
      return text.resultWaits();
    case "running":
      return text.resultRuns({ percent: format.percent(job.progress / 100) });
    case "failed":
    case "dead":
      return text.resultFailed({ reason: job.problem?.detail ?? "" });
    case "cancelled":
      return text.resultCancelled();
    case "done":
      return done(job, isOperation);
  }
}

function done({ result }: Job, isOperation: boolean): string {
  if (!result || result.kept) return text.resultKept();
  const after = format.bytes(result.bytes);
  return isOperation ? text.resultReady({ bytes: after }) : text.resultSmaller({ before: format.bytes(result.figures.source_bytes), after });
}

/** Documents name the service as clients outside know it; the page stays where it is. */
function pathOf(job: Job): string {
  const { pathname, search } = new URL(job.urls.result ?? job.urls.image, window.location.origin);
  return pathname + search;
}
