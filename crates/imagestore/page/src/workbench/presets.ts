/** Sets of values that a person keeps under a name, in this browser. */

import { query, read } from "./address";
import type { Values } from "./parameters";

export interface Preset {
  readonly name: string;
  readonly values: Values;
}

const KEY = "imagestore.presets";

/** What is kept is read as an address is, so that no older or damaged entry can bring in a parameter that there is not. */
export function load(): Preset[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    if (typeof kept !== "object" || kept === null) return [];
    return Object.entries(kept)
      .map(([name, text]) => ({ name, values: read(`?${String(text)}`)?.values ?? {} }))
      .filter(({ values }) => Object.keys(values).length > 0);
  } catch {
    return [];
  }
}

/** Whether they could be kept: a browser may refuse. */
export function save(presets: readonly Preset[]): boolean {
  try {
    localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(presets.map(({ name, values }) => [name, query(values)]))));
    return true;
  } catch {
    return false;
  }
}

/** The presets with one more, in the place of one of the same name. */
export function withPreset(presets: readonly Preset[], preset: Preset): Preset[] {
  return [...presets.filter(({ name }) => name !== preset.name), preset].sort((a, b) => a.name.localeCompare(b.name));
}
