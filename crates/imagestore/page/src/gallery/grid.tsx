import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { navigate } from "../app/router";
import type { Listing } from "../api";
import { format } from "../text";
import { activeIndex, moveFor, scrollTops } from "./keyboard";
import { layOut, monthAt, rowCount, rowOf, rowsBetween, type Layout, type Row } from "./layout";
import { add, clear, isSelecting, rangeTo, selected, toggle } from "./selection";
import { text } from "./text";
import { Tile } from "./tile";
import { useWindow } from "./use-window";

const TILE = 180;
const TILE_ON_PHONES = 116;
const PHONE = 600;
/** How much is drawn above and below what is seen, in heights of the window. */
const AHEAD = 0.75;

interface GridProps {
  listing: Listing;
  onDelete: () => void;
}

/** All images of a listing, of which only those exist that are seen. */
export function Grid({ listing, onDelete }: GridProps) {
  const frame = useRef<HTMLDivElement>(null);
  const seen = useWindow(frame);
  const version = listing.version.value;
  const layout = useMemo(() => layOut(listing.buckets, seen.width, seen.width < PHONE ? TILE_ON_PHONES : TILE), [listing, version, seen.width]);
  const active = Math.min(activeIndex.value, Math.max(0, listing.total - 1));
  const wantsFocus = useSignal(false);

  const rows = visibleRows(layout, seen, active);
  const images = rows.filter((row) => row.kind === "images");
  const [first, last] = [images[0]?.first ?? 0, images.reduce((most, row) => Math.max(most, row.first + row.count - 1), 0)];
  useEffect(() => {
    if (seen.height > 0 && !seen.hurried && listing.total > 0) void listing.ensure(first, last);
  }, [listing, version, first, last, seen.hurried, seen.height > 0]);

  // A list that was looked at before is shown where one left it.
  useLayoutEffect(() => {
    if (seen.width > 0) frame.current!.scrollTop = scrollTops.get(listing) ?? 0;
  }, [listing, seen.width > 0]);
  useEffect(() => {
    if (seen.width > 0) scrollTops.set(listing, seen.top);
  }, [seen.top]);

  const go = (index: number) => {
    activeIndex.value = index;
    wantsFocus.value = true;
    reveal(frame.current!, layout, index);
  };
  useLayoutEffect(() => {
    if (!wantsFocus.peek()) return;
    const tile = frame.current!.querySelector<HTMLElement>(`[data-index="${active}"]`);
    if (!tile) return;
    tile.focus({ preventScroll: true });
    wantsFocus.value = false;
  });

  const choose = async (index: number, range: boolean) => {
    const image = listing.at(index);
    if (range) add(await listing.ids(...rangeTo(index)));
    else if (image) toggle(image.id, index);
  };
  const open = (index: number) => {
    const image = listing.at(index);
    if (image) navigate(`/ui/image/${image.id}`);
  };

  const press = (event: KeyboardEvent) => {
    if (event.altKey) return;
    const all = (event.ctrlKey || event.metaKey) && event.code === "KeyA";
    const to = event.ctrlKey || event.metaKey ? undefined : moveFor(event.key, layout, active, listing.total, seen.height);
    if (to !== undefined) {
      go(to);
      if (event.shiftKey) void choose(to, true);
    } else if (all) void listing.ids(0, Math.min(listing.total, MOST_SELECTED) - 1).then(add);
    else if (event.key === " ") void choose(active, event.shiftKey);
    else if (event.key === "Enter") open(active);
    else if (event.key === "Escape" && isSelecting.value) clear();
    else if (event.key === "Delete") {
      if (!isSelecting.value) void choose(active, false);
      onDelete();
    } else return;
    event.preventDefault();
  };

  const click = (event: MouseEvent) => {
    const target = event.target instanceof Element ? event.target : null;
    const index = Number(target?.closest<HTMLElement>("[data-index]")?.dataset["index"] ?? -1);
    if (index < 0) return;
    activeIndex.value = index;
    if (event.shiftKey) void choose(index, true);
    else if (isSelecting.value || event.ctrlKey || event.metaKey || target?.closest("[data-check]")) void choose(index, false);
    else open(index);
  };

  const month = monthAt(layout, seen.top + 1);
  return (
    <div class="grid-around">
      <div class="grid-frame" ref={frame} data-scrolls>
        <div class="grid" role="grid" aria-label={text.images()} aria-rowcount={rowCount(layout)} aria-colcount={layout.columns} aria-multiselectable="true" style={{ height: `${layout.height}px` }} onKeyDown={press} onClick={click}>
          {rows.map((row) =>
            row.kind === "month" ? (
              <div key={row.month} class="grid-month" role="row" style={{ transform: `translateY(${row.top}px)` }}><span role="gridcell" aria-colspan={layout.columns}>{format.month(row.month)}</span></div>
            ) : (
              <ImageRow key={row.first} row={row} tile={layout.tile} listing={listing} version={version} active={active} hurried={seen.hurried} />
            ),
          )}
        </div>
      </div>
      {seen.hurried && month && <div class="grid-hint" aria-hidden="true">{format.month(month)}</div>}
    </div>
  );
}

const MOST_SELECTED = 5_000;

interface RowProps {
  row: Extract<Row, { kind: "images" }>;
  tile: number;
  listing: Listing;
  version: number;
  active: number;
  hurried: boolean;
}

/** One row, which is only looked at again when something in it changed: dozens of them pass with each turn of a wheel. */
function ImageRow({ row, tile, listing, version, active, hurried }: RowProps) {
  const { top, first, count, number } = row;
  const chosen = selected.value;
  const selecting = isSelecting.value;
  const focused = active >= first && active < first + count ? active : -1;
  return useMemo(
    () => (
      <div class="grid-row" role="row" aria-rowindex={number} style={{ transform: `translateY(${top}px)` }}>
        {Array.from({ length: count }, (_, at) => {
          const image = listing.at(first + at);
          return <Tile key={first + at} image={image} index={first + at} size={tile} active={first + at === focused} selected={image !== undefined && chosen.has(image.id)} selecting={selecting} hurried={hurried} />;
        })}
      </div>
    ),
    [number, top, first, count, tile, listing, version, focused, chosen, selecting, hurried],
  );
}

/** What is drawn: what is seen, somewhat more, and the row with the focus, which is not to be lost when it scrolls away. */
function visibleRows(layout: Layout, seen: { top: number; height: number }, active: number): Row[] {
  if (seen.height === 0) return [];
  const margin = seen.height * AHEAD;
  const rows = rowsBetween(layout, seen.top - margin, seen.top + seen.height + margin);
  const focused = rowOf(layout, active);
  if (focused?.kind === "images" && !rows.some((row) => row.kind === "images" && row.first === focused.first)) rows.push(focused);
  return rows;
}

const BREATH = 8;

function reveal(frame: HTMLElement, layout: Layout, index: number): void {
  const row = rowOf(layout, index);
  if (!row) return;
  if (row.top < frame.scrollTop) frame.scrollTop = row.top - BREATH;
  else if (row.top + layout.tile > frame.scrollTop + frame.clientHeight) frame.scrollTop = row.top + layout.tile - frame.clientHeight + BREATH;
}
