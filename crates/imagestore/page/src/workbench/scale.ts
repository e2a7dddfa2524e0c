/** Between the positions of a slider and the values of a parameter. */

import type { NumberControl } from "./parameters";

/** Steps of a logarithmic slider: fine enough that each pixel of it is another position. */
const POSITIONS = 400;

/** The attributes that a range input needs. */
export function track(control: NumberControl): { min: number; max: number; step: number } {
  if (control.logarithmic) return { min: 0, max: POSITIONS, step: 1 };
  const [min, max] = control.slider;
  return { min, max, step: control.step };
}

export function position(control: NumberControl, value: number): number {
  const [least, most] = control.slider;
  const within = Math.min(Math.max(value, least), most);
  if (!control.logarithmic) return within;
  return Math.round((Math.log(within / least) / Math.log(most / least)) * POSITIONS);
}

export function valueAt(control: NumberControl, at: number): string {
  const [least, most] = control.slider;
  const value = control.logarithmic ? least * (most / least) ** (at / POSITIONS) : at;
  const decimals = control.step < 1 ? Math.ceil(-Math.log10(control.step)) : 0;
  const stepped = Math.round(value / control.step) * control.step;
  return String(Number(stepped.toFixed(decimals)));
}
