/** What a compressed picture is to be, and in which formats. */

import type { CompressionOrder, ImageInfo, OutputFormat } from "../api";

export type Goal = { readonly by: "look"; readonly score: number } | { readonly by: "bytes"; readonly bytes: number };

/** The formats that a search for the smallest file makes sense in, in the order in which they are shown. */
export const FORMATS: readonly OutputFormat[] = ["avif", "webp", "jpg", "jxl", "png"];

/** What is compared unless somebody chooses: what every browser shows. */
export const USUAL: readonly OutputFormat[] = ["avif", "webp", "jpg"];

const STILL: readonly OutputFormat[] = ["jpg", "png", "jxl"];
const OPAQUE: readonly OutputFormat[] = ["jpg"];

/** Whether a format can hold what the picture has: a smaller file that lost its motion or its transparency is another picture. */
export const suits = (image: Pick<ImageInfo, "animated" | "has_alpha">) => (format: OutputFormat) =>
  !(image.animated && STILL.includes(format)) && !(image.has_alpha && OPAQUE.includes(format));

/** Formats that can be bounded in bytes; the others have no quality to give up. */
const BOUNDED: readonly OutputFormat[] = ["avif", "webp", "jpg", "jxl"];

export const takes = (goal: Goal, format: OutputFormat): boolean => goal.by === "look" || BOUNDED.includes(format);

/** The goal as a parameter of an address and of an order. */
export const goalParameter = (goal: Goal): { target: number } | { max_bytes: number } =>
  goal.by === "look" ? { target: goal.score } : { max_bytes: goal.bytes };

export interface Wish {
  readonly goal: Goal;
  readonly formats: readonly OutputFormat[];
  readonly width: number | undefined;
  readonly name: string;
}

/** What is ordered for a wish; of which pictures is added by whoever orders. */
export function orderOf({ goal, formats, width, name }: Wish): CompressionOrder {
  return { ...goalParameter(goal), formats: formats.join(","), name, transform: width ? `w=${width}` : undefined };
}
