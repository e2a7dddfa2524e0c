/** A region of a picture in its own pixels, and what moving and pulling make of it. */

export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Bounds {
  readonly width: number;
  readonly height: number;
}

/** Which edges a handle pulls: -1 the left or top one, 1 the right or bottom one, 0 none. */
export interface Handle {
  readonly x: -1 | 0 | 1;
  readonly y: -1 | 0 | 1;
}

export const HANDLES: readonly Handle[] = [
  { x: -1, y: -1 },
  { x: 0, y: -1 },
  { x: 1, y: -1 },
  { x: 1, y: 0 },
  { x: 1, y: 1 },
  { x: 0, y: 1 },
  { x: -1, y: 1 },
  { x: -1, y: 0 },
];

const clamp = (value: number, least: number, most: number) => Math.min(Math.max(value, least), Math.max(least, most));

/** Whole pixels within the picture, at least one. */
export function settled(region: Region, bounds: Bounds): Region {
  const width = clamp(Math.round(region.width), 1, bounds.width);
  const height = clamp(Math.round(region.height), 1, bounds.height);
  return {
    width,
    height,
    x: clamp(Math.round(region.x), 0, bounds.width - width),
    y: clamp(Math.round(region.y), 0, bounds.height - height),
  };
}

export function moved(region: Region, dx: number, dy: number, bounds: Bounds): Region {
  return settled({ ...region, x: region.x + dx, y: region.y + dy }, bounds);
}

/** One edge of a span is pulled by `by`; the other one stays, and at least one pixel is left. */
function pulledSpan(start: number, length: number, side: -1 | 0 | 1, by: number, most: number): [number, number] {
  if (side === 0) return [start, length];
  const end = start + length;
  if (side < 0) {
    const from = clamp(start + by, 0, end - 1);
    return [from, end - from];
  }
  return [start, clamp(end + by, start + 1, most) - start];
}

/** The region after a handle was pulled; with `aspect` (width over height) the sides keep it. */
export function pulled(region: Region, handle: Handle, dx: number, dy: number, bounds: Bounds, aspect?: number): Region {
  const [x, width] = pulledSpan(region.x, region.width, handle.x, dx, bounds.width);
  const [y, height] = pulledSpan(region.y, region.height, handle.y, dy, bounds.height);
  if (!aspect) return settled({ x, y, width, height }, bounds);
  // The side that was pulled farther decides, and the other one follows.
  const byHeight = Math.abs(dy) * aspect > Math.abs(dx);
  return settled(withAspect({ x, y, width, height }, handle, aspect, byHeight ? height * aspect : width, bounds), bounds);
}

function withAspect(region: Region, handle: Handle, aspect: number, wanted: number, bounds: Bounds): Region {
  const anchorX = handle.x < 0 ? region.x + region.width : region.x;
  const anchorY = handle.y < 0 ? region.y + region.height : region.y;
  const mostWidth = handle.x < 0 ? anchorX : bounds.width - anchorX;
  const mostHeight = handle.y < 0 ? anchorY : bounds.height - anchorY;
  const width = Math.min(wanted, mostWidth, mostHeight * aspect);
  const height = width / aspect;
  return {
    x: handle.x < 0 ? anchorX - width : anchorX,
    y: handle.y < 0 ? anchorY - height : anchorY,
    width,
    height,
  };
}

/** The largest region of this aspect around the middle of another one. */
export function ofAspect(region: Region, aspect: number, bounds: Bounds): Region {
  const width = Math.min(region.width, region.height * aspect);
  const height = width / aspect;
  return settled({ x: region.x + (region.width - width) / 2, y: region.y + (region.height - height) / 2, width, height }, bounds);
}

export const whole = (bounds: Bounds): Region => ({ x: 0, y: 0, width: bounds.width, height: bounds.height });

export function parseRegion(value: string | undefined): Region | undefined {
  const match = /^(\d+),(\d+),(\d+),(\d+)$/.exec(value ?? "");
  if (!match) return undefined;
  const [x = 0, y = 0, width = 0, height = 0] = match.slice(1).map(Number);
  return { x, y, width, height };
}

export const regionValue = ({ x, y, width, height }: Region): string => `${x},${y},${width},${height}`;
