import type { Parameter, Source, Values } from "../parameters";

/** What each control gets: one parameter, and where its value goes. */
export interface ControlProps<C> {
  readonly control: C;
  readonly parameter: Parameter;
  readonly label: string;
  /** The text in the address, if one was chosen. */
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
  readonly disabled: boolean;
  /** The id of the element that a label names. */
  readonly id: string;
  /** The id of what explains it, or says what is wrong. */
  readonly describedBy: string | undefined;
  readonly source: Source;
  readonly values: Values;
}
