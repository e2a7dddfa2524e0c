/** What is chosen: the parameters of an address by their names, each with the text that stands in it. */
export type Values = Readonly<Record<string, string>>;

/** What of a picture decides which parameters mean something. */
export interface Source {
  readonly width: number;
  readonly height: number;
  readonly format: string;
  readonly animated: boolean;
}

/** A text in English and in Russian. */
export type Words = Readonly<{ en: string; ru: string }>;

/** How a value is set. */
export type Control =
  | NumberControl
  | { readonly kind: "flag"; readonly on: "0" | "1" | "keep" }
  | ChoiceControl
  | { readonly kind: "place"; readonly standard: string; readonly extra: "smart" | "tile" }
  | { readonly kind: "colour"; readonly standard: string; readonly alpha: boolean }
  | { readonly kind: "duotone" }
  | { readonly kind: "crop" }
  | { readonly kind: "sides" }
  | { readonly kind: "target" }
  | { readonly kind: "text"; readonly longest: number }
  | { readonly kind: "image" }
  | { readonly kind: "preset" };

export interface NumberControl {
  readonly kind: "number";
  readonly from: number;
  readonly to: number;
  readonly step: number;
  /** The part of the range that a slider covers; the field beside it takes all of it. */
  readonly slider: readonly [number, number];
  /** Where the slider stands while nothing is chosen. */
  readonly standard: number;
  /** Equal ways on the slider multiply by equal factors. */
  readonly logarithmic?: boolean;
  readonly unit?: "px" | "degrees" | "bytes";
  /** A word that the parameter takes in place of a number. */
  readonly word?: Readonly<{ value: string; label: Words }>;
}

export interface ChoiceControl {
  readonly kind: "choice";
  readonly standard: string;
  readonly options: readonly Readonly<{ value: string; label: Words }>[];
}

/** What a parameter needs beside it to mean anything. */
export interface Need {
  readonly says: Words;
  readonly met: (values: Values, source: Source) => boolean;
}

export interface Parameter {
  readonly name: string;
  readonly label: Words;
  readonly hint?: Words;
  readonly control: Control;
  readonly needs?: readonly Need[];
  /** Parameters that the service refuses beside this one: choosing it takes them away. */
  readonly excludes?: readonly string[];
}

export interface Group {
  readonly id: string;
  readonly label: Words;
  readonly parameters: readonly Parameter[];
}
