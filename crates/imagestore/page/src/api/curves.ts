import type { OutputFormat } from "./documents";
import { get } from "./http";

/** How many bytes a format needs for how good a look, at a few qualities of its encoder. */
export interface Curve {
  format: OutputFormat;
  points: { quality: number; bytes: number; score: number }[];
}

/** Measured on a copy of the picture, `width` by `height`. */
export interface Curves {
  width: number;
  height: number;
  formats: Curve[];
}

/** Formats that have a quality to measure at. */
export const CURVED: readonly OutputFormat[] = ["jpg", "webp", "avif", "jxl"];

/** The curves of these formats, on a copy whose longer side is `side`. */
export const readCurves = (id: string, formats: readonly OutputFormat[], side: number, signal?: AbortSignal) =>
  get<Curves>(`/v1/images/${encodeURIComponent(id)}/curve`, { formats: formats.join(","), side }, signal);
