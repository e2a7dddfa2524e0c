import { defaultOptions, Upload, type DetailedError, type PreviousUpload } from "tus-js-client";
import { ownHeaders, Problem, readUpload } from "../api";
import type { Item } from "./item";
import { PathsAlone, pathOf } from "./transport";

const ENDPOINT = "/v1/uploads";

/** Pauses before a broken request is tried again: the last ones outlast a restart of the service. */
const PAUSES = [0, 1_000, 3_000, 5_000, 10_000, 20_000, 30_000];

/** How long the service may look at the bytes of an upload whose last answer was lost. */
const LOOKS = { every: 1_000, most: 120 };

interface Result {
  image: string;
  /** Goes on with what was begun before, when other things may have been wished. */
  continued: boolean;
}

/** Uploads that are under way, so that the same file dropped twice does not go on with one of them. */
const busy = new Set<string>();

/** Sends a file so that it goes on where it was after a break, also after the page was closed. */
export async function sendResumably(item: Item, file: File, signal: AbortSignal): Promise<Result> {
  let image: string | undefined;
  let failed: (error: unknown) => void;
  let finished: () => void;
  const outcome = new Promise<void>((done, fail) => {
    finished = done;
    failed = fail;
  });

  const { tags, visibility, then } = item.wishes.fields;
  const upload = new Upload(file, {
    endpoint: ENDPOINT,
    uploadUrl: item.address,
    headers: { ...ownHeaders },
    httpStack: new PathsAlone(),
    retryDelays: PAUSES,
    metadata: given({ filename: file.name, tags, visibility, then }),
    removeFingerprintOnSuccess: true,
    onUploadUrlAvailable: () => {
      item.address = upload.url ?? undefined;
      if (item.address) busy.add(item.address);
    },
    onProgress: (sent) => {
      item.sent.value = sent;
      if (sent === file.size) item.standing.value = "finishing";
    },
    onAfterResponse: (_, answer) => {
      image = answer.getHeader("Image-Id") ?? image;
    },
    onError: (error) => failed(problemOf(error)),
    onSuccess: () => finished(),
  });

  const continued = item.address !== undefined || (await goOn(upload));
  signal.addEventListener("abort", () => {
    void upload.abort();
    failed(new DOMException("stopped", "AbortError"));
  });
  signal.throwIfAborted();
  try {
    upload.start();
    await outcome;
  } finally {
    if (item.address) busy.delete(item.address);
  }
  return { image: image ?? (await imageOf(upload.url!, signal)), continued };
}

/** An upload that was begun before the page was closed, and can go on as soon as its file is chosen again. */
export interface Unfinished {
  name: string;
  bytes: number;
  sent: number;
  address: string;
  /** Where the browser remembers it. */
  key: string;
}

/** What is left over from before, as far as the service still has it. */
export async function listUnfinished(): Promise<Unfinished[]> {
  const kept = await defaultOptions.urlStorage.findAllUploads();
  const looked = await Promise.all(kept.map(async (upload): Promise<Unfinished | undefined> => {
    const address = upload.uploadUrl;
    if (!address || busy.has(address)) return undefined;
    try {
      const { state, offset, length, name } = await readUpload(pathOf(address));
      if (state === "open") return { name: name ?? upload.metadata["filename"] ?? "", bytes: length ?? upload.size ?? 0, sent: offset, address, key: upload.urlStorageKey };
    } catch (error) {
      // One that cannot be asked for now may still be there later.
      if (!(error instanceof Problem) || (error.status !== 404 && error.status !== 410)) return undefined;
    }
    await defaultOptions.urlStorage.removeUpload(upload.urlStorageKey);
    return undefined;
  }));
  return looked.filter((found) => found !== undefined);
}

/** Forgets an upload here and in the service. */
export async function giveUp(address: string, key?: string): Promise<void> {
  if (key) await defaultOptions.urlStorage.removeUpload(key);
  await Upload.terminate(address, { headers: { ...ownHeaders }, httpStack: new PathsAlone() });
}

async function goOn(upload: Upload): Promise<boolean> {
  const earlier = await upload.findPreviousUploads().catch((): PreviousUpload[] => []);
  const free = earlier.find(({ uploadUrl }) => uploadUrl && !busy.has(uploadUrl));
  if (free) upload.resumeFromPreviousUpload(free);
  return free !== undefined;
}

/** What became of an upload whose last answer did not arrive. */
async function imageOf(address: string, signal: AbortSignal): Promise<string> {
  const path = pathOf(address);
  for (let look = 0; look < LOOKS.most; look += 1) {
    const { image_id, state, problem } = await readUpload(path, signal);
    if (image_id) return image_id;
    if (state === "failed") throw new Problem(422, problem?.code ?? "", "", problem?.detail ?? "");
    await new Promise((done) => setTimeout(done, LOOKS.every));
    signal.throwIfAborted();
  }
  throw Problem.unreachable();
}

function given(metadata: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function problemOf(error: Error | DetailedError): unknown {
  const answer = "originalResponse" in error ? error.originalResponse : null;
  return answer && answer.getStatus() > 0 ? Problem.from(answer.getStatus(), answer.getBody(), answer.getHeader("X-Request-Id") ?? null) : Problem.unreachable();
}
