import type { CompressionOrder, Job, Jobs, JobStatus, OrderedJobs } from "./documents";
import { get, post, remove } from "./http";

const path = (id: string) => `/v1/jobs/${encodeURIComponent(id)}`;

export const listJobs = (query: { status?: JobStatus; image_id?: string; limit?: number; cursor?: string }, signal?: AbortSignal) =>
  get<Jobs>("/v1/jobs", query, signal);
export const readJob = (id: string, signal?: AbortSignal) => get<Job>(path(id), undefined, signal);
export const retryJob = (id: string) => post<Job>(`${path(id)}/retry`);
export const cancelJob = (id: string) => remove<Job>(path(id));

/** Orders smaller variants; each image gets a job. */
export const orderCompression = (order: CompressionOrder) => post<OrderedJobs>("/v1/compressions", order);
