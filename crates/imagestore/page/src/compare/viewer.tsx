import { useEffect, useRef, useState } from "preact/hooks";
import minus from "icon:minus";
import plus from "icon:plus";
import { IconButton } from "../parts";
import { format } from "../text";
import { Divider } from "./divider";
import { text } from "./text";
import { useGestures } from "./gestures";
import { bounded, fitted, panned, placed, zoomed, type Size, type View } from "./view";

const ZOOMS = [1, 2, 4] as const;
const FACTOR = 1.5;
/** How far an arrow key moves the picture, in CSS pixels. */
const STEP = 48;
/** From here on each pixel of the picture is seen as a square. */
const SQUARES_FROM = 2;

interface ViewerProps {
  picture: Size;
  before: string;
  beforeLabel: string;
  after: string | undefined;
  afterLabel: string;
  /** What stands in the corner of the second picture. */
  afterTag: string;
  busy: boolean;
  /** Called when the first picture cannot be shown. */
  onBeforeError: () => void;
}

/** Two pictures on top of each other, seen through one frame: what is left of the divider is the original. */
export function Viewer({ picture, before, beforeLabel, after, afterLabel, afterTag, busy, onBeforeError }: ViewerProps) {
  const frame = useRef<HTMLDivElement>(null);
  const room = useRoom(frame);
  // Nothing chosen is the whole picture, also when the window changes.
  const [chosen, choose] = useState<View | undefined>();
  const [part, setPart] = useState(0.5);
  const seen = (from: View | undefined) => (from ? bounded(from, picture, room) : fitted(picture, room));
  const view = seen(chosen);
  const density = window.devicePixelRatio || 1;

  const zoomTo = (scale: number) => choose(zoomed(view, scale, 0, 0, picture, room));
  // Several movements may come before the next drawing: each goes on from the one before it.
  const zoom = (factor: number, dx: number, dy: number) => choose((from) => zoomed(seen(from), seen(from).scale * factor, dx, dy, picture, room));
  const pan = (dx: number, dy: number) => choose((from) => panned(seen(from), dx, dy, picture, room));
  useGestures(frame, { zoom, pan });
  // Another size of the same picture begins as a whole again.
  useEffect(() => choose(undefined), [picture.width, picture.height]);

  const press = (event: KeyboardEvent) => {
    const acts: Record<string, () => void> = {
      "+": () => zoomTo(view.scale * FACTOR),
      "=": () => zoomTo(view.scale * FACTOR),
      "-": () => zoomTo(view.scale / FACTOR),
      "0": () => choose(undefined),
      ArrowLeft: () => pan(STEP, 0),
      ArrowRight: () => pan(-STEP, 0),
      ArrowUp: () => pan(0, STEP),
      ArrowDown: () => pan(0, -STEP),
    };
    const act = acts[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  };

  const { left, top, width, height } = placed(view, picture, room);
  const where = { width: `${width}px`, height: `${height}px`, transform: `translate(${left}px, ${top}px)` };
  const squares = view.scale * density >= SQUARES_FROM ? "cmp-picture cmp-squares" : "cmp-picture";
  return (
    <section class="cmp-viewer" aria-label={text.title()}>
      <div ref={frame} class="cmp-frame" role="group" aria-label={text.viewer()} aria-busy={busy} tabIndex={0} onKeyDown={press}>
        <img class={squares} style={where} src={before} alt={beforeLabel} draggable={false} onError={onBeforeError} />
        {after && (
          <div class="cmp-after" style={{ clipPath: `inset(0 0 0 ${part * 100}%)` }}>
            <img class={squares} style={where} src={after} alt={afterLabel} draggable={false} />
          </div>
        )}
        {after && <Divider part={part} onChange={setPart} frame={frame} />}
        <span class="cmp-tag cmp-tag-before">{text.original()}</span>
        {after && <span class="cmp-tag cmp-tag-after">{afterTag}</span>}
        {busy && <span class="cmp-tag cmp-tag-busy">{text.making()}</span>}
      </div>
      <div class="cmp-zoom" role="group" aria-label={text.zoom()}>
        <IconButton icon={minus} size={18} label={text.zoomOut()} onClick={() => zoomTo(view.scale / FACTOR)} />
        <span class="cmp-zoom-now" role="status">
          {format.percent(view.scale * density)}
        </span>
        <IconButton icon={plus} size={18} label={text.zoomIn()} onClick={() => zoomTo(view.scale * FACTOR)} />
        <button type="button" class="button button-quiet" aria-pressed={chosen === undefined} onClick={() => choose(undefined)}>
          {text.zoomFit()}
        </button>
        {ZOOMS.map((zoom) => (
          <button
            key={zoom}
            type="button"
            class="button button-quiet"
            aria-pressed={chosen !== undefined && Math.abs(view.scale * density - zoom) < 0.005}
            onClick={() => zoomTo(zoom / density)}
          >
            {zoom}:1
          </button>
        ))}
      </div>
    </section>
  );
}

/** The room that the frame has, followed as the window changes. */
function useRoom(frame: { current: HTMLElement | null }): Size {
  const [room, setRoom] = useState<Size>({ width: 640, height: 420 });
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      if (entry && entry.contentRect.width > 0) setRoom({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(frame.current!);
    return () => observer.disconnect();
  }, []);
  return room;
}
