import { signal } from "@preact/signals";
import type { Image, Job, Variant } from "./documents";
import { loadSession } from "./session";

/** What the data of each kind of event is, as far as the page has a use for it. */
export interface EventData {
  "image.stored": Image;
  "image.changed": Image;
  "image.restored": Image;
  "image.deleted": { id: string };
  "image.replaced": { id: string; revision: number };
  "image.purged": { id: string };
  "variant.stored": { image_id: string; variant: Variant };
  "job.queued": Job;
  "job.leased": Job;
  "job.progress": Job;
  "job.done": Job;
  "job.failed": Job;
  "job.dead": Job;
  "job.cancelled": Job;
  "album.created": AlbumNotice;
  "album.changed": AlbumNotice;
  "album.deleted": AlbumNotice;
  "album.image_added": AlbumNotice;
  "album.image_removed": AlbumNotice;
}

interface AlbumNotice {
  album_id: string;
  album: string;
  image_id?: string | null;
}

export type EventKind = keyof EventData;

export type EventHandler<Kind extends EventKind> = (data: EventData[Kind], kind: Kind) => void;

type AnyHandler = (data: never, kind: never) => void;

/** Whether the page hears of what happens at the moment. */
export const connected = signal(false);

const handlers = new Map<EventKind, Set<AnyHandler>>();
const FIRST_PAUSE = 2_000;
const LONGEST_PAUSE = 60_000;

let source: EventSource | undefined;
let pause = FIRST_PAUSE;
let waiting: ReturnType<typeof setTimeout> | undefined;
let gaps: (() => void)[] = [];
let wasConnected = false;

/** Calls `handler` for each event of these kinds until the returned function is called. All who listen share one connection. */
export function onEvent<Kind extends EventKind>(kinds: readonly Kind[], handler: EventHandler<Kind>): () => void {
  for (const kind of kinds) {
    if (!handlers.has(kind)) handlers.set(kind, new Set());
    handlers.get(kind)!.add(handler as unknown as AnyHandler);
    source?.addEventListener(kind, hear);
  }
  connect();
  return () => {
    for (const kind of kinds) handlers.get(kind)?.delete(handler as unknown as AnyHandler);
    if ([...handlers.values()].every((set) => set.size === 0)) disconnect();
  };
}

/** Calls `listener` when the connection is there again after a break in which events may have been missed. */
export function onGap(listener: () => void): () => void {
  gaps.push(listener);
  return () => {
    gaps = gaps.filter((other) => other !== listener);
  };
}

function connect(): void {
  if (source || waiting !== undefined) return;
  source = new EventSource("/v1/events");
  for (const kind of handlers.keys()) source.addEventListener(kind, hear);
  source.onopen = () => {
    connected.value = true;
    pause = FIRST_PAUSE;
    if (wasConnected) for (const listener of gaps) listener();
    wasConnected = true;
  };
  source.onerror = () => {
    connected.value = false;
    // A refused connection is not tried again by the browser, only a broken one.
    if (source?.readyState !== EventSource.CLOSED) return;
    retryLater();
    // It does not say why: maybe one is not signed in any more.
    loadSession().catch(() => undefined);
  };
}

function retryLater(): void {
  source = undefined;
  waiting = setTimeout(() => {
    waiting = undefined;
    connect();
  }, pause);
  pause = Math.min(pause * 2, LONGEST_PAUSE);
}

function disconnect(): void {
  source?.close();
  source = undefined;
  clearTimeout(waiting);
  waiting = undefined;
  connected.value = false;
  wasConnected = false;
}

function hear(event: MessageEvent<string>): void {
  const kind = event.type as EventKind;
  const data: unknown = JSON.parse(event.data);
  for (const handler of handlers.get(kind) ?? []) handler(data as never, kind as never);
}
