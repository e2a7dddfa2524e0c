import type { Image } from "./documents";
import { address, type Query } from "./http";

/** The revision belongs to the address once an image was replaced, so that no older copy of it is shown. */
const revisionOf = (image: Pick<Image, "revision">) => (image.revision !== undefined && image.revision > 1 ? image.revision : undefined);

/** The address of a variant, such as `/i/…webp?w=512`; with `extension` "" that of the original's own format. */
export function variantUrl(image: Pick<Image, "id" | "revision">, parameters: Query = {}, extension = "webp"): string {
  return address(`/i/${image.id}${extension ? `.${extension}` : ""}`, { ...parameters, v: revisionOf(image) });
}

/** Addresses for the screen's density: `src` for one pixel a pixel, `srcset` for two as well. */
export function sharpOnEveryScreen(image: Pick<Image, "id" | "revision">, parameters: { w: number; h: number; fit?: string }) {
  const at = (density: number) => variantUrl(image, { ...parameters, w: parameters.w * density, h: parameters.h * density });
  return { src: at(1), srcset: `${at(1)}, ${at(2)} 2x` };
}
