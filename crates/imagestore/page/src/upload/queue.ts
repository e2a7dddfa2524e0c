import { computed, effect, signal } from "@preact/signals";
import { deleteImage, loadSession, Problem, session } from "../api";
import { isOver, itemOf, type Item, type Standing } from "./item";
import { measure, rest } from "./pace";
import { send } from "./send";
import { form, wishesOf } from "./wishes";

/** As many requests as help: a browser opens six connections to a host, and the page needs some for itself. */
const AT_ONCE = 4;

/** Everything that was added since the page was opened, in that order. It goes on while other views are shown. */
export const items = signal<readonly Item[]>([]);

const under = (standing: Standing) => standing === "sending" || standing === "finishing";

export const counts = computed(() => {
  const found: Record<Standing, number> = { waiting: 0, sending: 0, finishing: 0, paused: 0, done: 0, failed: 0 };
  for (const item of items.value) found[item.standing.value] += 1;
  return found;
});

export const isBusy = computed(() => counts.value.waiting + counts.value.sending + counts.value.finishing > 0);

/** Adds files and addresses, which are sent as the form says at this moment. */
export function add(sources: readonly (File | string)[]): void {
  const wishes = wishesOf(form.value);
  items.value = [...items.value, ...sources.map((source) => itemOf(source, wishes))];
  fill();
}

export function pause(item: Item): void {
  if (isOver(item) || item.standing.value === "finishing") return;
  item.standing.value = "paused";
  // What was paused must not be sent from the beginning again.
  if (item.stop && item.source instanceof File) item.resumable = true;
  item.stop?.abort();
}

export function resume(item: Item): void {
  if (item.standing.value !== "paused" && item.standing.value !== "failed") return;
  item.standing.value = "waiting";
  item.problem.value = undefined;
  fill();
}

export const pauseAll = () => items.value.forEach(pause);
export const resumeAll = () => each("paused", resume);
export const retryAll = () => each("failed", resume);

/** Takes it out of the list, and ends it if it is under way. */
export function drop(item: Item): void {
  items.value = items.value.filter((other) => other !== item);
  item.stop?.abort();
  if (item.address && !item.image.peek()) void forget(item.address);
}

export function clearDone(): void {
  items.value = items.value.filter((item) => item.standing.peek() !== "done");
}

/** Deletes an image whose bytes were there before. */
export async function removeCopy(item: Item): Promise<void> {
  await deleteImage(item.image.value!);
  items.value = items.value.filter((other) => other !== item);
}

/** Begins as many of those that wait as there is room for. */
function fill(): void {
  let room = AT_ONCE - items.peek().filter((item) => under(item.standing.peek())).length;
  for (const item of items.peek()) {
    if (room <= 0) break;
    if (item.standing.peek() !== "waiting") continue;
    room -= 1;
    void run(item);
  }
  measure(items);
}

async function run(item: Item): Promise<void> {
  const stop = new AbortController();
  item.stop = stop;
  item.standing.value = "sending";
  try {
    await send(item, stop.signal);
    item.standing.value = "done";
  } catch (error) {
    // Whoever stopped it said what it is now.
    if (!stop.signal.aborted) fail(item, error);
  } finally {
    if (item.stop === stop) item.stop = undefined;
    fill();
    if (!isBusy.peek()) rest();
  }
}

function fail(item: Item, error: unknown): void {
  item.problem.value = error;
  item.standing.value = "failed";
  // The cookie may have become invalid meanwhile; the shell then asks for a key, and what failed can be tried again.
  if (error instanceof Problem && error.status === 401) void loadSession().catch(() => undefined);
}

function each(standing: Standing, act: (item: Item) => void): void {
  for (const item of items.peek()) if (item.standing.peek() === standing) act(item);
}

/** What arrived of it is removed by the service some time later if this cannot be done now. */
async function forget(address: string): Promise<void> {
  const { giveUp } = await import("./resumable");
  await giveUp(address).catch(() => undefined);
}

let owner = session.peek()?.user?.id;

// What somebody uploaded is nobody else's business who signs in here later.
effect(() => {
  const now = session.value?.user?.id;
  if (now === undefined || now === owner) return;
  owner = now;
  for (const item of items.peek()) item.stop?.abort();
  items.value = [];
});

addEventListener("beforeunload", (event) => {
  if (isBusy.peek()) event.preventDefault();
});
