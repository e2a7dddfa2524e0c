import { useState } from "preact/hooks";
import gone from "icon:image-off";
import { cancelJob, may, retryJob, variantUrl, type Job } from "../api";
import { Button, Icon, Progress, report, toast } from "../parts";
import { format, phrases } from "../text";
import { sayTask, sayTransform } from "./task";
import { text } from "./text";

export function Row({ job, onChanged }: { job: Job; onChanged: (job: Job) => void }) {
  const [isBusy, setBusy] = useState(false);
  const act = async (action: (id: string) => Promise<Job>) => {
    setBusy(true);
    try {
      const changed = await action(job.id);
      onChanged(changed);
      toast(text.changed({ status: sayStatus(changed), what: sayTask(changed.task) }));
    } catch (error) {
      report(error);
    } finally {
      setBusy(false);
    }
  };
  const canRetry = job.status === "failed" || job.status === "dead" || job.status === "cancelled";
  const canCancel = job.status === "queued" || job.status === "leased" || job.status === "running";
  const transform = sayTransform(job.task.transform);
  return (
    <li class="jobs-row">
      <Picture image={job.image_id} />
      <div class="jobs-words">
        <p class="jobs-what">{sayTask(job.task)}</p>
        {(transform || job.name) && <p class="jobs-note">{job.name && text.variant({ name: job.name })}{job.name && transform && " · "}{transform && <code>{transform}</code>}</p>}
        <Standing job={job} />
      </div>
      <div class="jobs-buttons">
        {job.status === "done" && job.urls.result && <a class="button" href={resultOf(job)} target="_blank">{text.result()}</a>}
        {canRetry && may("write") && <Button busy={isBusy} onClick={() => void act(retryJob)}>{phrases.again()}</Button>}
        {canCancel && may("write") && <Button busy={isBusy} onClick={() => void act(cancelJob)}>{text.cancel()}</Button>}
      </div>
    </li>
  );
}

/** The image may have been deleted since. */
function Picture({ image }: { image: string }) {
  const [isGone, lose] = useState(false);
  if (isGone) return <span class="jobs-picture"><Icon shapes={gone} size={20} /></span>;
  return (
    <a class="jobs-picture" href={`/ui/image/${image}`} aria-label={text.image()}>
      <img src={variantUrl({ id: image }, { w: 112, h: 112, fit: "cover" })} alt="" width={56} height={56} loading="lazy" onError={() => lose(true)} />
    </a>
  );
}

function sayStatus(job: Job): string {
  switch (job.status) {
    case "queued":
      return job.not_before ? text.statusAgain({ when: format.ago(job.not_before) }) : text.statusQueued();
    case "leased":
      return text.statusLeased();
    case "running":
      return text.statusRunning();
    case "done":
      return job.result?.kept ? text.statusKept() : text.statusDone();
    case "failed":
      return text.statusFailed();
    case "dead":
      return text.statusDead();
    case "cancelled":
      return text.statusCancelled();
  }
}

function Standing({ job }: { job: Job }) {
  const figures = sayFigures(job);
  const isUnderWay = job.status === "running" || job.status === "leased";
  return (
    <>
      <p class={`jobs-standing jobs-${job.status}`}>
        <strong>{sayStatus(job)}</strong>
        {job.status === "running" && ` · ${format.percent(job.progress / 100)}`}
        {figures && <span class="jobs-note"> · {figures}</span>}
        {job.attempts > 1 && <span class="jobs-note"> · {text.attempts({ count: job.attempts })}</span>}
        <time class="jobs-note" dateTime={job.updated_at} title={format.dateTime(job.updated_at)}> · {format.ago(job.updated_at)}</time>
      </p>
      {isUnderWay && <Progress label={text.progressOf()} value={job.progress / 100} />}
      {job.problem && job.status !== "done" && <p class="jobs-problem">{job.problem.detail}</p>}
    </>
  );
}

function sayFigures({ result, task }: Job): string {
  if (!result) return "";
  const { source_bytes: source, score, seconds } = result.figures;
  const sizes = { before: format.bytes(source), after: format.bytes(result.bytes) };
  const size = result.kept ? "" : task.goal && result.bytes < source ? text.saved({ ...sizes, part: format.percent(1 - result.bytes / source) }) : text.grew(sizes);
  return [size, score != null ? text.score({ score: format.number(score, 1) }) : "", text.took({ time: format.duration(seconds) })].filter(Boolean).join(" · ");
}

/** Documents name the service as clients outside know it; the page stays where it is. */
function resultOf(job: Job): string {
  const { pathname, search } = new URL(job.urls.result!, window.location.origin);
  return pathname + search;
}
