import { signal, type ReadonlySignal } from "@preact/signals";
import { uploading } from "../parts/under-way";
import type { Item } from "./item";

/** How far all of them are together. */
export interface Pace {
  bytes: number;
  sent: number;
  /** Bytes in a second, over the last while. */
  rate: number;
  /** Seconds until all is sent, if it goes on like that. */
  left?: number;
}

const EVERY = 500;
/** Long enough to even out the files, short enough to follow the connection. */
const WINDOW = 8_000;

export const pace = signal<Pace>({ bytes: 0, sent: 0, rate: 0 });

let timer: ReturnType<typeof setInterval> | undefined;
let samples: { at: number; sent: number }[] = [];

/** Takes the figures again and again until `rest`: thousands of files tell of their progress far too often to add up each time. */
export function measure(items: ReadonlySignal<readonly Item[]>): void {
  look(items.peek());
  timer ??= setInterval(() => look(items.peek()), EVERY);
}

export function rest(): void {
  clearInterval(timer);
  timer = undefined;
  samples = [];
  pace.value = { ...pace.value, rate: 0, left: undefined };
  uploading.value = undefined;
}

function look(items: readonly Item[]): void {
  const counted = items.filter((item) => item.standing.peek() !== "failed");
  const bytes = counted.reduce((sum, item) => sum + item.bytes, 0);
  const sent = counted.reduce((sum, item) => sum + item.sent.peek(), 0);
  const now = performance.now();
  samples = [...samples.filter(({ at }) => now - at <= WINDOW), { at: now, sent }];
  const [first] = samples;
  const seconds = (now - first!.at) / 1000;
  const rate = seconds > 0 ? Math.max(0, sent - first!.sent) / seconds : 0;
  uploading.value = bytes > 0 ? sent / bytes : 0;
  pace.value = { bytes, sent, rate, left: rate > 0 ? (bytes - sent) / rate : undefined };
}
