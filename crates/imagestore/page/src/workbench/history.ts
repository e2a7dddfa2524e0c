/** What was chosen before, for undo and redo. */

import type { Values } from "./parameters";

export interface History {
  readonly past: readonly Values[];
  readonly now: Values;
  readonly future: readonly Values[];
  /** When it last changed and by which parameter: a slider on its way is one step. */
  readonly last: Readonly<{ name: string; at: number }> | undefined;
}

const LONGEST = 100;
const ONE_STEP_MS = 800;

export const begin = (now: Values): History => ({ past: [], now, future: [], last: undefined });

export function record(history: History, now: Values, name: string, at: number): History {
  const goesOn = history.last?.name === name && at - history.last.at < ONE_STEP_MS;
  const past = goesOn ? history.past : [...history.past, history.now].slice(-LONGEST);
  return { past, now, future: [], last: { name, at } };
}

export function undo(history: History): History {
  const now = history.past.at(-1);
  if (!now) return history;
  return { past: history.past.slice(0, -1), now, future: [history.now, ...history.future], last: undefined };
}

export function redo(history: History): History {
  const [now, ...future] = history.future;
  if (!now) return history;
  return { past: [...history.past, history.now], now, future, last: undefined };
}
