/** The table of parameters: controls, addresses and texts of the workbench all come from it. */

import { base, file, metadata } from "./file";
import { imageMark, textMark } from "./mark";
import { edges, shape } from "./shape";
import { frames, size } from "./size";
import { effect, tone } from "./tone";
import type { Control, Group, Need, Parameter, Source, Values } from "./types";

export const GROUPS: readonly Group[] = [size, file, shape, tone, effect, edges, imageMark, textMark, frames, metadata, base];

/** The scores that a search is made for. */
export const TARGETS = { from: 10, to: 100 } as const;

export const PARAMETERS: ReadonlyMap<string, Parameter> = new Map(
  GROUPS.flatMap((group) => group.parameters.map((parameter) => [parameter.name, parameter] as const)),
);

/** The first thing that is missing for a parameter to mean anything. */
export function missing(parameter: Parameter, values: Values, source: Source): Need | undefined {
  return parameter.needs?.find((need) => !need.met(values, source));
}

/** Whether a number is one that the service refuses: it needs not be asked. */
export function isOutside(control: Control, value: string): boolean {
  // The names of scores are no numbers, and never outside.
  if (control.kind === "target") return Number(value) < TARGETS.from || Number(value) > TARGETS.to;
  if (control.kind !== "number" || value === control.word?.value) return false;
  const number = Number(value);
  return !(number >= control.from && number <= control.to) || (control.step >= 1 && !Number.isInteger(number));
}

/** The values with one of them chosen, or taken away by `undefined`; what it excludes is taken away with it. */
export function choose(values: Values, name: string, value: string | undefined): Values {
  const next: Record<string, string> = { ...values };
  if (value === undefined) {
    delete next[name];
    return next;
  }
  for (const other of PARAMETERS.get(name)?.excludes ?? []) delete next[other];
  next[name] = value;
  return next;
}

/** Only the values that mean something, in the order of the table. */
export function effective(values: Values, source: Source): Values {
  const given = [...PARAMETERS.values()].filter((parameter) => parameter.name in values && !missing(parameter, values, source));
  return Object.fromEntries(given.map(({ name }) => [name, values[name] ?? ""]));
}

export type { ChoiceControl, Control, Group, NumberControl, Parameter, Source, Values, Words } from "./types";
