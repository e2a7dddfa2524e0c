import { signal, type Signal } from "@preact/signals";
import { listJobs, may, onEvent, onGap, type Job } from "../api";

/** The latest job about each image that was uploaded here with a wish for something to be made of it. */
const jobs = new Map<string, Signal<Job | undefined>>();

const KINDS = ["job.queued", "job.leased", "job.progress", "job.done", "job.failed", "job.dead", "job.cancelled"] as const;

/** What becomes of the image, as long as anybody `follow`s. */
export function jobOf(image: string): Signal<Job | undefined> {
  let job = jobs.get(image);
  if (!job) {
    job = signal(undefined);
    jobs.set(image, job);
    void look(image, job);
  }
  return job;
}

/** Keeps the jobs up to date until the returned function is called. */
export function follow(): () => void {
  // Who may only upload does not see jobs.
  if (!may("read")) return () => undefined;
  const lookAgain = () => jobs.forEach((job, image) => void look(image, job));
  lookAgain();
  const stops = [
    onEvent(KINDS, (job) => {
      const known = jobs.get(job.image_id);
      if (known) known.value = job;
    }),
    onGap(lookAgain),
  ];
  return () => stops.forEach((stop) => stop());
}

async function look(image: string, job: Signal<Job | undefined>): Promise<void> {
  if (!may("read")) return;
  // What is not known now is told by the next event; the image is stored all the same.
  const found = await listJobs({ image_id: image, limit: 1 }).catch(() => undefined);
  if (found?.jobs[0]) job.value = found.jobs[0];
}
