/** One picture made smaller in several formats at once, for a goal that changes as one plays. */

import { computed, effect, signal } from "@preact/signals";
import { draw, fetchRendition, variantUrl, type Drawn, type ImageInfo, type OutputFormat, type Rendition } from "../api";
import { goalParameter, suits, takes, USUAL, type Goal } from "./goal";

/** How long nothing changes before files are made: to search for one takes seconds. */
const PAUSE_MS = 350;

export interface Outcome {
  readonly state: "making" | "done" | "failed";
  /** What was asked for: the same is not asked for again. */
  readonly path: string;
  readonly rendition?: Rendition;
  /** What can be shown of it; nothing where the browser does not know the format. */
  readonly drawn?: Drawn;
  readonly error?: unknown;
}

export type Comparison = ReturnType<typeof createComparison>;

export function createComparison(image: ImageInfo) {
  const goal = signal<Goal>({ by: "look", score: 80 });
  const formats = signal<readonly OutputFormat[]>(USUAL.filter(suits(image)));
  const width = signal<number | undefined>(undefined);
  const outcomes = signal<ReadonlyMap<OutputFormat, Outcome>>(new Map());
  /** The format that somebody chose to look at. */
  const pinned = signal<OutputFormat | undefined>(undefined);
  const running = new Map<OutputFormat, AbortController>();

  const smallest = computed(() => {
    const done = [...outcomes.value].filter(([, { state }]) => state === "done");
    return done.sort((a, b) => a[1].rendition!.bytes - b[1].rendition!.bytes)[0]?.[0];
  });
  const chosen = computed(() => (pinned.value && formats.value.includes(pinned.value) ? pinned.value : smallest.value));
  const busy = computed(() => [...outcomes.value.values()].some(({ state }) => state === "making"));

  function put(format: OutputFormat, outcome: Outcome): void {
    const before = outcomes.peek().get(format);
    outcomes.value = new Map(outcomes.peek()).set(format, outcome);
    if (before?.drawn && before.drawn !== outcome.drawn) URL.revokeObjectURL(before.drawn.url);
  }

  async function make(format: OutputFormat): Promise<void> {
    const path = variantUrl(image, { ...goalParameter(goal.peek()), w: width.peek() }, format);
    const before = outcomes.peek().get(format);
    if (before?.path === path && before.state !== "failed") return;
    running.get(format)?.abort();
    const controller = new AbortController();
    running.set(format, controller);
    const { signal } = controller;
    put(format, { ...before, path, state: "making" });
    try {
      const rendition = await fetchRendition(path, signal);
      const drawn = await draw(rendition.blob);
      if (signal.aborted) return drawn && URL.revokeObjectURL(drawn.url);
      put(format, { state: "done", path, rendition, drawn });
    } catch (error) {
      if (!signal.aborted) put(format, { state: "failed", path, error });
    }
  }

  function forget(kept: readonly OutputFormat[]): void {
    const gone = [...outcomes.peek()].filter(([format]) => !kept.includes(format));
    for (const [format] of gone) running.get(format)?.abort();
    outcomes.value = new Map([...outcomes.peek()].filter(([format]) => kept.includes(format)));
    for (const [, { drawn }] of gone) if (drawn) URL.revokeObjectURL(drawn.url);
  }

  function makeAll(): void {
    const wanted = formats.peek().filter((format) => takes(goal.peek(), format));
    forget(wanted);
    for (const format of wanted) void make(format);
  }

  function start(): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = effect(() => {
      void [goal.value, formats.value, width.value];
      clearTimeout(timer);
      timer = setTimeout(makeAll, outcomes.peek().size > 0 ? PAUSE_MS : 0);
    });
    return () => {
      stop();
      clearTimeout(timer);
      forget([]);
    };
  }

  return { image, goal, formats, width, outcomes, pinned, smallest, chosen, busy, start };
}

/** Which part of the original's bytes is saved; below nothing where the file became larger. */
export const savedPart = (image: Pick<ImageInfo, "bytes">, bytes: number): number => 1 - bytes / image.bytes;
