import type { Image, ImageChanges, ImageInfo, Images, SimilarImage, Visibility, Format } from "./documents";
import { get, patch, post, remove, send, type Query } from "./http";

/** What a list of images can be narrowed to, by the names of its parameters. */
export interface ImageFilter {
  name?: string;
  tag?: string;
  format?: Format;
  visibility?: Visibility;
  owner?: string;
  min_bytes?: number;
  max_bytes?: number;
  since?: string;
  before?: string;
  deleted?: boolean;
}

export interface ImageOrder {
  sort?: "date" | "name" | "bytes";
  order?: "asc" | "desc";
}

export interface Page {
  limit?: number;
  cursor?: string;
  /** Whether records have the placeholder of their picture. */
  thumbhash?: boolean;
}

const path = (id: string) => `/v1/images/${encodeURIComponent(id)}`;

export const listImages = (query: ImageFilter & ImageOrder & Page, signal?: AbortSignal) =>
  get<Images>("/v1/images", { ...query } satisfies Query, signal);

export const readImage = (id: string, signal?: AbortSignal) => get<Image>(path(id), undefined, signal);
export const readInfo = (id: string, signal?: AbortSignal) => get<ImageInfo>(`/i/${encodeURIComponent(id)}.json`, undefined, signal);
export const changeImage = (id: string, changes: ImageChanges) => patch<Image>(path(id), changes);
export const deleteImage = (id: string, purge = false) => remove<void>(path(id), { purge: purge || undefined });

export const deleteVariants = (id: string) => remove<{ variants: number; bytes: number }>(`${path(id)}/variants`);

export const listSimilar = (id: string, limit: number, signal?: AbortSignal) =>
  get<{ images: SimilarImage[] }>(`${path(id)}/similar`, { limit }, signal);

/** A `<picture>` for a page of somebody's own. */
export async function pictureHtml(id: string, query: { alt?: string; sizes?: string } = {}): Promise<string> {
  const answer = await send("GET", `${path(id)}/srcset`, { query: { ...query, format: "html" }, headers: { Accept: "text/html" } });
  return answer.text();
}

export const signImage = (id: string, wanted: { query?: string; format?: string; expires_in?: number }) =>
  post<{ url: string; expires_at: string }>(`${path(id)}/sign`, wanted);

interface Batch {
  done: string[];
  failed: { id: string; problem: { detail: string } }[];
}

type BatchChange = { add_tags?: string[]; remove_tags?: string[]; visibility?: Visibility } | { delete: true } | { restore: true };

const BATCH = 500;

/** Does the same with many images; what failed for one of them does not keep the others. */
export async function changeImages(ids: readonly string[], change: BatchChange): Promise<Batch> {
  const all: Batch = { done: [], failed: [] };
  for (let from = 0; from < ids.length; from += BATCH) {
    const answer = await post<Batch>("/v1/images/batch", { ids: ids.slice(from, from + BATCH), ...change });
    all.done.push(...answer.done);
    all.failed.push(...answer.failed);
  }
  return all;
}

/** The originals of some images as one file. */
export async function zipOf(ids: readonly string[]): Promise<Blob> {
  const answer = await send("POST", "/v1/images/zip", { body: { ids }, headers: { Accept: "application/zip" } });
  return answer.blob();
}
