import type { Format, ImageFilter, ImageOrder, Visibility } from "../api";

export type Chosen = ImageFilter & ImageOrder;

const TEXTS = ["name", "tag", "format", "visibility", "since", "before", "sort", "order"] as const;
const NUMBERS = ["min_bytes", "max_bytes"] as const;

/** What the address of the gallery says is to be shown; addresses can be kept and passed on. */
export function filterOf(query: URLSearchParams): Chosen {
  const chosen: Record<string, string | number> = {};
  for (const name of TEXTS) {
    const value = query.get(name);
    if (value) chosen[name] = value;
  }
  for (const name of NUMBERS) {
    const value = Number(query.get(name));
    if (query.has(name) && Number.isFinite(value)) chosen[name] = value;
  }
  return chosen as Chosen;
}

/** The address of the gallery that shows what is chosen. */
export function addressOf(chosen: Chosen): string {
  const query = new URLSearchParams();
  for (const name of [...TEXTS, ...NUMBERS]) {
    const value = chosen[name];
    if (value !== undefined && value !== "") query.set(name, String(value));
  }
  return query.size > 0 ? `/?${query}` : "/";
}

/** What is typed for a search: the beginning of a name, or a tag behind `#`. */
export function searched(text: string): Pick<Chosen, "name" | "tag"> {
  const words = text.trim();
  return words.startsWith("#") ? { tag: words.slice(1) || undefined, name: undefined } : { name: words || undefined, tag: undefined };
}

export const searchOf = ({ name, tag }: Chosen) => (tag ? `#${tag}` : (name ?? ""));

/** How many filters hold beside the search. */
export const filterCount = ({ format, visibility, since, before, min_bytes, max_bytes }: Chosen) =>
  [format, visibility, since, before, min_bytes, max_bytes].filter((value) => value !== undefined).length;

export const formats: readonly Format[] = ["jpg", "png", "webp", "avif", "gif", "svg", "heic", "jxl", "tiff", "bmp", "ico", "qoi", "pnm", "hdr", "exr"];
export const visibilities: readonly Visibility[] = ["private", "unlisted", "public"];
