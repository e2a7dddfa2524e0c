/** What the workbench knows while one picture is played with: the values chosen, and the last picture that came of them. */

import { batch, computed, effect, signal } from "@preact/signals";
import { draw, fetchRendition, Problem, readPlan, type ImageInfo, type Plan, type Rendition } from "../api";
import { asked } from "./address";
import { begin, record, redo, undo } from "./history";
import { choose, effective, isOutside, PARAMETERS, type Values } from "./parameters";

/** How long nothing changes before a picture is asked for: a slider on its way asks for few. */
const PAUSE_MS = 180;

export interface Shown {
  readonly rendition: Rendition;
  /** What an element of the page can show of it. */
  readonly url: string;
  readonly width: number;
  readonly height: number;
  /** Whether the browser cannot show the format, so that `url` has the same picture in another one. */
  readonly replaced: boolean;
  readonly plan: Plan | undefined;
}

export type Bench = ReturnType<typeof createBench>;

/** Parameters of the file alone: without them the same picture comes in another format. */
const OF_THE_FILE = ["format", "q", "target", "max_bytes", "lossless", "colors"];

export function createBench(image: ImageInfo, initial: Values) {
  const history = signal(begin(initial));
  const values = computed(() => history.value.now);
  const wanted = computed(() => asked(image.id, values.value, image));
  const shown = signal<Shown | undefined>(undefined);
  const problem = signal<unknown>(undefined);
  const busy = signal(false);
  let running: AbortController | undefined;

  async function load(): Promise<void> {
    running?.abort();
    if (isRefused(image, values.peek())) return;
    const mine = (running = new AbortController());
    busy.value = true;
    try {
      const next = await fetchShown(image, values.peek(), mine.signal);
      if (mine.signal.aborted) return URL.revokeObjectURL(next.url);
      const last = shown.peek();
      batch(() => {
        shown.value = next;
        problem.value = undefined;
      });
      if (last) URL.revokeObjectURL(last.url);
    } catch (error) {
      if (!mine.signal.aborted) problem.value = error;
    } finally {
      if (running === mine) busy.value = false;
    }
  }

  function start(): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = effect(() => {
      void wanted.value.path;
      clearTimeout(timer);
      timer = setTimeout(() => void load(), shown.peek() ? PAUSE_MS : 0);
    });
    return () => {
      stop();
      clearTimeout(timer);
      running?.abort();
      const last = shown.peek();
      if (last) URL.revokeObjectURL(last.url);
      shown.value = undefined;
    };
  }

  return {
    image,
    values,
    wanted,
    shown,
    busy,
    problem,
    canUndo: computed(() => history.value.past.length > 0),
    canRedo: computed(() => history.value.future.length > 0),
    /** The problem that names a parameter, where there is one. */
    faulty: computed(() => (problem.value instanceof Problem ? parameterOf(problem.value) : undefined)),
    set(name: string, value: string | undefined) {
      history.value = record(history.peek(), choose(values.peek(), name, value), name, Date.now());
    },
    replace(next: Values) {
      history.value = record(history.peek(), next, "", 0);
    },
    undo() {
      history.value = undo(history.peek());
    },
    redo() {
      history.value = redo(history.peek());
    },
    retry: () => void load(),
    start,
  };
}

/** The control at fault. The service may name a parameter as it stood in the address, where the format is an extension. */
function parameterOf(problem: Problem): string | undefined {
  const name = problem.parameter === "type" || problem.parameter === "extension" ? "format" : problem.parameter;
  return name !== undefined && PARAMETERS.has(name) ? name : undefined;
}

/** Whether a value is out of its range, so that the last picture stays until it is not. */
function isRefused(image: ImageInfo, values: Values): boolean {
  return Object.entries(effective(values, image)).some(([name, value]) => isOutside(PARAMETERS.get(name)!.control, value));
}

async function fetchShown(image: ImageInfo, values: Values, signal: AbortSignal): Promise<Shown> {
  const { path, query, format } = asked(image.id, values, image);
  const withFormat = format ? `${query && `${query}&`}format=${format}` : query;
  const plan = await readPlan(image.id, withFormat, signal);
  const rendition = await fetchRendition(path, signal);
  const own = await draw(rendition.blob);
  if (own) return { ...own, rendition, replaced: false, plan };
  const others = Object.fromEntries(Object.entries(values).filter(([name]) => !OF_THE_FILE.includes(name)));
  const stand = await fetchRendition(asked(image.id, { ...others, format: "webp" }, image).path, signal);
  const instead = await draw(stand.blob);
  if (!instead) throw new Problem(0, "unreadable", "", "");
  return { ...instead, rendition, replaced: true, plan };
}
