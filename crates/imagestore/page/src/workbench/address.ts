/** From chosen values to an address, and back from an address that somebody pasted. */

import { PARAMETERS, effective, type Source, type Values } from "./parameters";

/** What a delivery address may have beside parameters: none of it changes the picture. */
const BESIDE = new Set(["v", "download", "share", "key", "expires", "sig", "explain"]);

const ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;

/** Characters that need no escape in a query, and are easier to read without. */
const READABLE: readonly (readonly [RegExp, string])[] = [
  [/%2C/g, ","],
  [/%3A/g, ":"],
];

function escaped(value: string): string {
  return READABLE.reduce((text, [code, plain]) => text.replace(code, plain), encodeURIComponent(value));
}

/** The query of the values, without the format where `format` is left to the extension. */
export function query(values: Values): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${escaped(value)}`)
    .join("&");
}

export interface Asked {
  /** The format as `POST /v1/images/{id}/sign` wants it. */
  readonly format: string | undefined;
  readonly query: string;
  /** Path and query of the picture. */
  readonly path: string;
}

/** What the values ask of the store for one image. A fixed format is the extension, as people write it. */
export function asked(id: string, values: Values, source: Source): Asked {
  const { format, ...rest } = effective(values, source);
  const parameters = query(format === "auto" ? { ...rest, format } : rest);
  const extension = format && format !== "auto" ? `.${format}` : "";
  return {
    format: format === "auto" ? undefined : format,
    query: parameters,
    path: `/i/${id}${extension}${parameters && `?${parameters}`}`,
  };
}

export interface Read {
  readonly id: string | undefined;
  readonly values: Values;
  /** Names that no parameter has. */
  readonly unknown: readonly string[];
}

/** Reads a whole address, a path, or a query alone; `null` if it is none of them. */
export function read(text: string): Read | null {
  const trimmed = text.trim();
  const mark = trimmed.indexOf("?");
  const path = mark < 0 ? trimmed : trimmed.slice(0, mark);
  const isQueryAlone = mark < 0 && !path.includes("/") && path.includes("=");
  const id = isQueryAlone ? undefined : ID.exec(path)?.[0].toLowerCase();
  if (!id && mark < 0 && !isQueryAlone) return null;
  const pairs = new URLSearchParams(isQueryAlone ? trimmed : trimmed.slice(mark < 0 ? trimmed.length : mark + 1));
  const values: Record<string, string> = {};
  const unknown: string[] = [];
  const extension = isQueryAlone ? undefined : /\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase();
  if (id && extension && extension !== "json") values.format = extension === "jpeg" ? "jpg" : extension;
  for (const [written, value] of pairs) {
    const name = written === "type" ? "format" : written;
    if (PARAMETERS.has(name)) values[name] = plain(name, value);
    else if (!BESIDE.has(name)) unknown.push(name);
  }
  return { id, values: withoutStandards(values), unknown };
}

/** A flag and a tolerance may stand without a value. */
function plain(name: string, value: string): string {
  const control = PARAMETERS.get(name)?.control;
  if (control?.kind === "flag") return value === "true" || value === "" ? "1" : value === "false" ? "0" : value;
  return name === "trim" && value === "" ? "10" : value;
}

/** A flag that says what holds anyway is not a choice. */
function withoutStandards(values: Values): Values {
  return Object.fromEntries(
    Object.entries(values).filter(([name, value]) => {
      const control = PARAMETERS.get(name)?.control;
      return control?.kind !== "flag" || control.on === value;
    }),
  );
}
