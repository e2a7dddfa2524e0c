import { signal } from "@preact/signals";
import { listJobs, onEvent, onGap, type Job, type JobStatus } from "../api";

export type Group = "all" | "waiting" | "running" | "done" | "failed" | "cancelled";

export const GROUPS: readonly Group[] = ["all", "waiting", "running", "done", "failed", "cancelled"];

/** People care for what is to be done about a job, not for each of its states. */
const STATUSES: Record<Group, readonly (JobStatus | undefined)[]> = {
  all: [undefined],
  waiting: ["queued"],
  running: ["leased", "running"],
  done: ["done"],
  failed: ["failed", "dead"],
  cancelled: ["cancelled"],
};

const PAGE = 50;
/** What is drawn of a burst of events at once. */
const PAUSE = 100;

const KINDS = ["job.queued", "job.leased", "job.progress", "job.done", "job.failed", "job.dead", "job.cancelled"] as const;

const belongs = (job: Job, group: Group) => group === "all" || STATUSES[group].includes(job.status);

/** The jobs of one group, newest first, as they are at the moment. */
export class Feed {
  readonly jobs = signal<readonly Job[] | undefined>(undefined);
  readonly error = signal<unknown>(undefined);
  readonly hasMore = signal(false);
  private readonly aborter = new AbortController();
  private readonly cursors = new Map<JobStatus | undefined, string | undefined>();
  private readonly heard = new Map<string, Job>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly group: Group) {}

  /** Fetches the first page and follows what happens, until the returned function is called. */
  follow(): () => void {
    void this.reload();
    const stops = [onEvent(KINDS, (job) => this.hear(job)), onGap(() => void this.reload())];
    return () => {
      this.aborter.abort();
      clearTimeout(this.timer);
      stops.forEach((stop) => stop());
    };
  }

  reload(): Promise<void> {
    this.cursors.clear();
    for (const status of STATUSES[this.group]) this.cursors.set(status, undefined);
    return this.fetch([]);
  }

  more(): Promise<void> {
    return this.fetch(this.jobs.value ?? []);
  }

  /** Takes over what an answer says of a job, before the event about it comes. */
  put(job: Job): void {
    this.merge([job]);
  }

  private async fetch(known: readonly Job[]): Promise<void> {
    try {
      const statuses = [...this.cursors.keys()];
      const pages = await Promise.all(statuses.map((status) => listJobs({ status, limit: PAGE, cursor: this.cursors.get(status) }, this.aborter.signal)));
      pages.forEach(({ cursor }, at) => {
        if (cursor) this.cursors.set(statuses[at], cursor);
        else this.cursors.delete(statuses[at]);
      });
      this.error.value = undefined;
      this.hasMore.value = this.cursors.size > 0;
      this.jobs.value = sorted([...known, ...pages.flatMap(({ jobs }) => jobs)]);
    } catch (error) {
      if (!this.aborter.signal.aborted) this.error.value = error;
    }
  }

  private hear(job: Job): void {
    this.heard.set(job.id, job);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.merge([...this.heard.values()]);
      this.heard.clear();
    }, PAUSE);
  }

  private merge(changed: readonly Job[]): void {
    if (!this.jobs.value) return;
    const fresh = new Map(changed.map((job) => [job.id, job]));
    const kept = this.jobs.value.filter(({ id }) => !fresh.has(id));
    this.jobs.value = sorted([...kept, ...[...fresh.values()].filter((job) => belongs(job, this.group))]);
  }
}

/** Ids begin with the time. */
function sorted(jobs: readonly Job[]): Job[] {
  const unique = new Map(jobs.map((job) => [job.id, job]));
  return [...unique.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
}
