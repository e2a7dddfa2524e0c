import type { Image } from "./documents";
import { address, type Query } from "./http";

/** The revision belongs to the address once an image was replaced, so that no older copy of it is shown. */
const revisionOf = (image: Pick<Image, "revision">) => (image.revision !== undefined && image.revision > 1 ? image.revision : undefined);

/** The address of a variant, such as `/i/…webp?w=512`; with `extension` "" that of the original's own format. */
export function variantUrl(image: Pick<Image, "id" | "revision">, parameters: Query = {}, extension = "webp"): string {
  return address(`/i/${image.id}${extension ? `.${extension}` : ""}`, { ...parameters, v: revisionOf(image) });
}
