/** The table of parameters: controls, addresses and texts of the workbench all come from it. */

import { base, file, metadata } from "./file";
import { imageMark, textMark } from "./mark";
import { edges, shape } from "./shape";
import { frames, size } from "./size";
import { effect, tone } from "./tone";
import type { Group, Need, Parameter, Source, Values } from "./types";

export const GROUPS: readonly Group[] = [size, file, shape, tone, effect, edges, imageMark, textMark, frames, metadata, base];

export const PARAMETERS: ReadonlyMap<string, Parameter> = new Map(
  GROUPS.flatMap((group) => group.parameters.map((parameter) => [parameter.name, parameter] as const)),
);

/** The first thing that is missing for a parameter to mean anything. */
export function missing(parameter: Parameter, values: Values, source: Source): Need | undefined {
  return parameter.needs?.find((need) => !need.met(values, source));
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
