/** Places in a picture: the compass, or a point in parts of its sides. */

export const COMPASS = ["northwest", "north", "northeast", "west", "center", "east", "southwest", "south", "southeast"] as const;

export interface Point {
  readonly x: number;
  readonly y: number;
}

export function focus(value: string | undefined): Point | undefined {
  const match = /^fp:([\d.]+):([\d.]+)$/.exec(value ?? "");
  return match ? { x: Number(match[1]), y: Number(match[2]) } : undefined;
}

/** The service keeps thousandths. */
export function focusValue({ x, y }: Point): string {
  const part = (value: number) => String(Math.round(Math.min(Math.max(value || 0, 0), 1) * 1000) / 1000);
  return `fp:${part(x)}:${part(y)}`;
}
