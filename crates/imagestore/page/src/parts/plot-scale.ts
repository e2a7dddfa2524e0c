/** From what is between two values to what is between two places. */
export function scaleOf([from, to]: readonly [number, number], [start, end]: readonly [number, number]): (value: number) => number {
  const factor = to === from ? 0 : (end - start) / (to - from);
  return (value) => start + (value - from) * factor;
}

/** Where an axis begins and ends: where it is told to, or at the least and the most of the figures. */
export function domain(values: readonly number[], from?: number, to?: number): readonly [number, number] {
  const known = values.filter(Number.isFinite);
  const least = from ?? Math.min(...known, Infinity);
  const most = to ?? Math.max(...known, -Infinity);
  if (!Number.isFinite(least) || !Number.isFinite(most)) return [0, 1];
  return least === most ? [least, least + 1] : [least, most];
}

/** Round numbers from one value to another, about as many as asked for. */
export function stepped(from: number, to: number, count: number): number[] {
  const rough = (to - from) / count;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = magnitude * ([1, 2, 5, 10].find((factor) => factor * magnitude >= rough) ?? 10);
  const first = Math.ceil(from / step);
  const last = Math.floor(to / step);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}
