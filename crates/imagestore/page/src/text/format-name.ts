const NAMES: { readonly [format: string]: string } = { jpg: "JPEG", webp: "WebP", jxl: "JPEG XL" };

/** A format of files as people write it. */
export const formatName = (format: string): string => NAMES[format] ?? format.toUpperCase();
