import { thumbHashToDataURL } from "thumbhash";

const MOST = 2_000;
const made = new Map<string, string>();

/** The blurred picture that a ThumbHash stands for, as a value for `background-image`. */
export function placeholder(thumbhash: string | null | undefined): string | undefined {
  if (!thumbhash) return undefined;
  let url = made.get(thumbhash);
  if (!url) {
    if (made.size >= MOST) made.clear();
    url = `url("${thumbHashToDataURL(Uint8Array.from(atob(thumbhash), (letter) => letter.charCodeAt(0)))}")`;
    made.set(thumbhash, url);
  }
  return url;
}
