import { send } from "./http";

/** A picture as the service sent it, with what its headers tell. */
export interface Rendition {
  blob: Blob;
  bytes: number;
  /** From the request to the last byte. */
  seconds: number;
  /** Whether the browser had it, so that nothing was asked of the service. */
  fromBrowser: boolean;
  /** SSIMULACRA2 against the original, where it was measured. */
  score?: number;
  /** The encoder's quality that was found, and how many times was tried. */
  quality?: number;
  tries?: number;
}

/** What browsers say they take where a picture is asked for by a page: `format=auto` is decided by it. */
const PICTURES = "image/avif,image/webp,image/apng,image/*;q=0.9,*/*;q=0.8";

const numberOf = (answer: Response, header: string) => {
  const value = answer.headers.get(header);
  return value === null ? undefined : Number(value);
};

/** Fetches a picture by script, so that its size, its time and what is wrong with it are known. */
export async function fetchRendition(path: string, signal?: AbortSignal): Promise<Rendition> {
  const begun = performance.now();
  const answer = await send("GET", path, { headers: { Accept: PICTURES }, signal });
  const blob = await answer.blob();
  return {
    blob,
    bytes: blob.size,
    seconds: (performance.now() - begun) / 1000,
    fromBrowser: cameFromBrowser(answer.url),
    score: numberOf(answer, "X-Image-Score"),
    quality: numberOf(answer, "X-Image-Quality"),
    tries: numberOf(answer, "X-Image-Tries"),
  };
}

function cameFromBrowser(url: string): boolean {
  const entry = performance.getEntriesByName(url, "resource").at(-1);
  // The browser notes a limited number of requests and then no more.
  performance.clearResourceTimings();
  return entry instanceof PerformanceResourceTiming && entry.transferSize === 0 && entry.decodedBodySize > 0;
}

/** What an element of the page can show: an address that has to be revoked, and the size in pixels. */
export interface Drawn {
  url: string;
  width: number;
  height: number;
}

/** Makes bytes something that can be shown at once; nothing if the browser does not know their format. */
export async function draw(blob: Blob): Promise<Drawn | undefined> {
  const url = URL.createObjectURL(blob);
  const picture = new Image();
  picture.src = url;
  try {
    await picture.decode();
    return { url, width: picture.naturalWidth, height: picture.naturalHeight };
  } catch {
    URL.revokeObjectURL(url);
    return undefined;
  }
}
