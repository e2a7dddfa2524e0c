import { post } from "./http";

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

export const orderBackfill = (order: BackfillOrder) => post<{ id: string; status: string }>("/v1/backfills", order);
