import type { Job, JobStatus } from "./documents";
import { get, post, remove } from "./http";

/** Smaller variants of every image that was uploaded before a time. */
export interface BackfillOrder {
  before: string;
  target?: number | string;
  max_bytes?: number;
  q?: number;
  formats?: string;
  name?: string;
  transform?: string;
}

export interface Backfill {
  id: string;
  status: "running" | "paused" | "done" | "cancelled";
  before: string;
  task: Job["task"];
  name: string | null;
  priority: number;
  /** How many were looked at so far, for how many of them there was nothing to do, and how many jobs are over. */
  images: number;
  skipped: number;
  finished: number;
  is_over: boolean;
  jobs: Record<JobStatus, number>;
  created_at: string;
}

const path = (id: string) => `/v1/backfills/${encodeURIComponent(id)}`;

export const orderBackfill = (order: BackfillOrder) => post<Backfill>("/v1/backfills", order);
export const listBackfills = async (signal?: AbortSignal) => (await get<{ backfills: Backfill[] }>("/v1/backfills", undefined, signal)).backfills;
export const pauseBackfill = (id: string) => post<Backfill>(`${path(id)}/pause`);
export const resumeBackfill = (id: string) => post<Backfill>(`${path(id)}/resume`);
export const cancelBackfill = (id: string) => remove<Backfill>(path(id));
