import { signal } from "@preact/signals";
import type { Listing } from "../api";
import { verticalNeighbour, type Layout } from "./layout";

/** The image that has the keyboard. */
export const activeIndex = signal(0);

/** How far each list was scrolled when one left it. */
export const scrollTops = new WeakMap<Listing, number>();

/** Where a key leads from an image, or nothing if it is not for moving. */
export function moveFor(key: string, layout: Layout, index: number, total: number, height: number): number | undefined {
  const page = Math.max(1, Math.floor(height / layout.step) - 1);
  const bounded = (to: number) => Math.min(Math.max(0, to), total - 1);
  switch (key) {
    case "ArrowRight":
      return bounded(index + 1);
    case "ArrowLeft":
      return bounded(index - 1);
    case "ArrowDown":
      return verticalNeighbour(layout, index, 1);
    case "ArrowUp":
      return verticalNeighbour(layout, index, -1);
    case "PageDown":
      return verticalNeighbour(layout, index, page);
    case "PageUp":
      return verticalNeighbour(layout, index, -page);
    case "Home":
      return 0;
    case "End":
      return total - 1;
    default:
      return undefined;
  }
}
