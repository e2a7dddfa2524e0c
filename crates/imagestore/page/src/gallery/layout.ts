import type { Bucket } from "../api";

/** Images of one month, or all of them where the list does not go by date. */
interface Section {
  month?: string;
  /** The place of its first image in the listing. */
  start: number;
  count: number;
  top: number;
  rows: number;
}

export interface Layout {
  sections: Section[];
  columns: number;
  /** The side of a tile, and that with the gap after it, in pixels. */
  tile: number;
  step: number;
  height: number;
}

export type Row = { top: number } & ({ kind: "month"; month: string } | { kind: "images"; first: number; count: number; number: number });

export const GAP = 4;
export const MONTH_HEIGHT = 56;
const PADDING = 8;

/** Where everything stands in a grid of `width` pixels: known from the counts alone, so that any place can be scrolled to at once. */
export function layOut(buckets: readonly Bucket[], width: number, wanted: number): Layout {
  const columns = Math.max(3, Math.floor((width + GAP) / (wanted + GAP)));
  const tile = Math.floor((width - GAP * (columns - 1)) / columns);
  const step = tile + GAP;
  const sections: Section[] = [];
  let start = 0;
  for (const { month, count } of buckets) {
    const last = sections.at(-1);
    if (last && last.month === month) last.count += count;
    else if (count > 0) sections.push({ month, start, count, top: 0, rows: 0 });
    start += count;
  }
  let top = PADDING;
  for (const section of sections) {
    section.top = top;
    section.rows = Math.ceil(section.count / columns);
    top += headOf(section) + section.rows * step;
  }
  return { sections, columns, tile, step, height: top + PADDING };
}

const headOf = (section: Section) => (section.month ? MONTH_HEIGHT : 0);

/** The rows between two heights. */
export function rowsBetween(layout: Layout, from: number, to: number): Row[] {
  const rows: Row[] = [];
  let number = 1;
  for (const section of layout.sections) {
    const body = section.top + headOf(section);
    const end = body + section.rows * layout.step;
    if (end > from && section.top < to) {
      if (section.month) rows.push({ kind: "month", top: section.top, month: section.month });
      const first = Math.max(0, Math.floor((from - body) / layout.step));
      const last = Math.min(section.rows - 1, Math.floor((to - body) / layout.step));
      for (let row = first; row <= last; row += 1) rows.push(imageRow(layout, section, row, number + row));
    }
    number += section.rows;
  }
  return rows;
}

function imageRow(layout: Layout, section: Section, row: number, number: number): Row {
  const first = section.start + row * layout.columns;
  return { kind: "images", top: section.top + headOf(section) + row * layout.step, first, count: Math.min(layout.columns, section.start + section.count - first), number };
}

/** The row in which an image stands. */
export function rowOf(layout: Layout, index: number): Row | undefined {
  let number = 1;
  for (const section of layout.sections) {
    if (index < section.start + section.count) {
      const row = Math.floor((index - section.start) / layout.columns);
      return imageRow(layout, section, row, number + row);
    }
    number += section.rows;
  }
  return undefined;
}

export const rowCount = (layout: Layout) => layout.sections.reduce((sum, { rows }) => sum + rows, 0);

/** The image `rows` rows below (or above) another, in the same column as far as there is one. */
export function verticalNeighbour(layout: Layout, index: number, rows: number): number {
  const here = rowOf(layout, index);
  if (here?.kind !== "images") return index;
  const column = index - here.first;
  let at = index;
  for (let left = Math.abs(rows); left > 0; left -= 1) {
    const row = rowOf(layout, at);
    if (row?.kind !== "images") break;
    const edge = rows > 0 ? row.first + row.count : row.first - 1;
    const next = edge < 0 ? undefined : rowOf(layout, edge);
    if (next?.kind !== "images") break;
    at = Math.min(next.first + column, next.first + next.count - 1);
  }
  return at;
}

/** The month that is at a height, for the hint beside the scroll bar. */
export function monthAt(layout: Layout, height: number): string | undefined {
  return layout.sections.findLast((section) => section.top <= height)?.month ?? layout.sections[0]?.month;
}
