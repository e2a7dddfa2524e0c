import { useRef } from "preact/hooks";
import type { ImageInfo } from "../api";
import { asked } from "./address";
import type { Bench } from "./bench";
import type { Values } from "./parameters";
import { focus, focusValue, type Point } from "./place";
import { text } from "./text";

/** What was done to the picture before it is cut to its box: a focal point counts in what is left of it. */
const BEFORE = ["crop", "trim", "rotate", "flip", "flop"];

const SHOWN = 1600;
const STEP = 0.01;
const MIDDLE: Point = { x: 0.5, y: 0.5 };

/** The picture in which a point of `gravity` counts; that of a mark counts in the result. */
function before(image: ImageInfo, values: Values): string {
  const kept = Object.fromEntries(Object.entries(values).filter(([name]) => BEFORE.includes(name)));
  return asked(image.id, { ...kept, w: String(SHOWN), h: String(SHOWN), format: "webp" }, image).path;
}

/** A picture on which a point is set by pointer or by arrow keys. */
export function FocusMark({ bench, name, label }: { bench: Bench; name: string; label: string }) {
  const board = useRef<HTMLDivElement>(null);
  const values = bench.values.value;
  const point = focus(values[name]) ?? MIDDLE;
  const source = name === "gravity" ? before(bench.image, values) : bench.shown.value?.url;
  const set = (next: Point) => bench.set(name, focusValue(next));

  const follow = (event: PointerEvent) => {
    if (event.type === "pointermove" && event.buttons === 0) return;
    const around = board.current!.getBoundingClientRect();
    set({ x: (event.clientX - around.left) / around.width, y: (event.clientY - around.top) / around.height });
  };
  const take = (event: PointerEvent) => {
    event.preventDefault();
    board.current!.setPointerCapture(event.pointerId);
    board.current!.querySelector<HTMLElement>(".wb-focus")?.focus();
    follow(event);
  };
  const press = (event: KeyboardEvent) => {
    const way = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (!way) return;
    event.preventDefault();
    set({ x: point.x + way[0]!, y: point.y + way[1]! });
  };
  const percent = (part: number) => Math.round(part * 100);

  return (
    <div class="wb-crop">
      <div ref={board} class="wb-board" onPointerDown={take} onPointerMove={follow}>
        {source && <img src={source} alt={label} draggable={false} />}
        <button
          type="button"
          class="wb-focus"
          aria-label={text.focusMark({ x: percent(point.x), y: percent(point.y) })}
          aria-describedby="wb-focus-help"
          onKeyDown={press}
          style={{ left: `${point.x * 100}%`, top: `${point.y * 100}%` }}
        />
      </div>
      <p id="wb-focus-help" class="wb-note">
        {text.focusHelp()}
      </p>
    </div>
  );
}
