import { computed, signal } from "@preact/signals";

/** The chosen images by their ids: they stay chosen while the list moves under them. */
export const selected = signal<ReadonlySet<string>>(new Set());

export const isSelecting = computed(() => selected.value.size > 0);

/** Where a range begins that is chosen with Shift. */
let anchor = 0;

export function toggle(id: string, index: number): void {
  const next = new Set(selected.value);
  if (!next.delete(id)) next.add(id);
  selected.value = next;
  anchor = index;
}

export function add(ids: Iterable<string>): void {
  selected.value = new Set([...selected.value, ...ids]);
}

export function clear(): void {
  selected.value = new Set();
}

export const rangeTo = (index: number): [number, number] => [Math.min(anchor, index), Math.max(anchor, index)];
