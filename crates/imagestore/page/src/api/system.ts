import type { JobStatus, Paged } from "./documents";
import { get, post, remove, send } from "./http";
import { Problem } from "./problem";

interface Part {
  count: number;
  bytes: number;
}

export interface Stats {
  images: { count: number; originals: number; bytes: number; formats: Record<string, Part>; deleted: Part };
  variants: { count: number; bytes: number; formats: Record<string, Part>; made: Part; evicted: Part };
  masters: { done: number; bytes: number; pending: number; not_worth_it: number; failed: number };
  compression: { variants: number; bytes_saved: number };
  jobs: Record<JobStatus, number>;
}

/** What happened on one day, in UTC. */
export interface Day {
  day: string;
  images: number;
  image_bytes: number;
  variants: number;
  variant_bytes: number;
  compressions: number;
  bytes_saved: number;
}

/** `away` is what is missing although the service does its work. */
export type HealthState = "ok" | "away" | "failing";

export interface HealthPart {
  name: string;
  state: HealthState;
  since?: string;
  detail?: string | null;
}

export interface Health {
  state: HealthState;
  parts: HealthPart[];
}

export interface Sink {
  name: string;
  /** Whether it takes what it is sent, is away, or is no longer named in the settings. */
  state: "taking" | "away" | "gone";
  waiting: number;
  lag_seconds: number;
  dead_letters: number;
  sent: number;
  failed: number;
  last_delivery_at: string | null;
  last_error: string | null;
  last_error_at: string | null;
  retired_at: string | null;
}

export interface DeadLetter {
  id: string;
  type: string;
  key: string;
  created_at: string;
  died_at: string;
  attempts: number;
  reason: string;
}

export interface DeadLetters extends Paged {
  dead_letters: DeadLetter[];
}

export const readStats = (signal?: AbortSignal) => get<Stats>("/v1/stats", undefined, signal);

export const readHistory = async (days: number, signal?: AbortSignal) =>
  (await get<{ days: Day[] }>("/v1/stats/history", { days }, signal)).days;

/** How each part is, for administrators. */
export const readHealth = (signal?: AbortSignal) => get<Health>("/v1/health", undefined, signal);

/** What everybody may know: whether the service is ready, and why not. */
export async function readReadiness(signal?: AbortSignal): Promise<Health> {
  // The answer is a document as well when the service is not ready.
  const answer = await fetch("/readyz", { headers: { Accept: "application/json" }, signal }).catch(() => {
    throw Problem.unreachable();
  });
  const { status, parts } = (await answer.json()) as { status: string; parts: Record<string, string> };
  return {
    state: status === "ready" ? "ok" : "failing",
    parts: Object.entries(parts).map(([name, said]) => (said === "ok" ? { name, state: "ok" } : { name, state: "failing", detail: said })),
  };
}

const sinkPath = (name: string) => `/v1/admin/sinks/${encodeURIComponent(name)}/dead-letters`;

export const listSinks = async (signal?: AbortSignal) => (await get<{ sinks: Sink[] }>("/v1/admin/sinks", undefined, signal)).sinks;
export const listDeadLetters = (sink: string, cursor?: string, signal?: AbortSignal) =>
  get<DeadLetters>(sinkPath(sink), { limit: 50, cursor }, signal);
export const replayAll = (sink: string) => post<{ replayed: number }>(`${sinkPath(sink)}/replay`);
export const replay = (sink: string, letter: string) => send("POST", `${sinkPath(sink)}/${encodeURIComponent(letter)}/replay`);
export const forget = (sink: string, letter: string) => remove<unknown>(`${sinkPath(sink)}/${encodeURIComponent(letter)}`);
