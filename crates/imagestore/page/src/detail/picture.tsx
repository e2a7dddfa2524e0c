import { useEffect, useRef, useState } from "preact/hooks";
import minus from "icon:zoom-out";
import plus from "icon:zoom-in";
import fitIcon from "icon:maximize";
import { variantUrl, type ImageInfo } from "../api";
import { IconButton, placeholder } from "../parts";
import { format } from "../text";
import { text } from "./text";

const WIDTHS = [640, 1024, 1600, 2400, 3600];
const STEP = 1.5;
const MOST = 16;
const MOVE = 80;

interface View {
  zoom: number;
  x: number;
  y: number;
}

const FIT: View = { zoom: 1, x: 0, y: 0 };

/** The picture as large as there is room, which can be zoomed into and moved. */
export function Picture({ image }: { image: ImageInfo }) {
  const [view, setView] = useState<View>(FIT);
  const [shown, show] = useState(false);
  const stage = useRef<HTMLDivElement>(null);
  const held = useRef(new Map<number, { x: number; y: number }>());
  const key = `${image.id}/${image.revision ?? 1}`;
  useEffect(() => {
    setView(FIT);
    show(false);
  }, [key]);

  const zoomBy = (factor: number, at?: { clientX: number; clientY: number }) => setView((before) => zoomed(before, factor, at && fromMiddle(stage.current!, at)));

  useEffect(() => {
    const element = stage.current!;
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      zoomBy(Math.exp(-event.deltaY / 400), event);
    };
    // Only a listener that says so may keep the page from scrolling.
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, []);

  const move = (event: PointerEvent) => {
    const before = held.current.get(event.pointerId);
    if (!before) return;
    const other = [...held.current].find(([id]) => id !== event.pointerId)?.[1];
    const now = { x: event.clientX, y: event.clientY };
    held.current.set(event.pointerId, now);
    if (other) zoomBy(distance(now, other) / Math.max(1, distance(before, other)), { clientX: (now.x + other.x) / 2, clientY: (now.y + other.y) / 2 });
    else setView((view) => (view.zoom === 1 ? view : { ...view, x: view.x + now.x - before.x, y: view.y + now.y - before.y }));
  };
  const release = (event: PointerEvent) => held.current.delete(event.pointerId);

  const press = (event: KeyboardEvent) => {
    const by = { ArrowLeft: [MOVE, 0], ArrowRight: [-MOVE, 0], ArrowUp: [0, MOVE], ArrowDown: [0, -MOVE] }[event.key];
    if (event.key === "+" || event.key === "=") zoomBy(STEP);
    else if (event.key === "-") zoomBy(1 / STEP);
    else if (event.key === "0") setView(FIT);
    else if (by && view.zoom > 1) setView({ ...view, x: view.x + by[0]!, y: view.y + by[1]! });
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const widths = [...WIDTHS.filter((width) => width < image.width), image.width];
  const extension = "webp";
  const srcset = widths.map((w) => `${variantUrl(image, { w, enlarge: image.format === "svg" ? 1 : undefined }, extension)} ${w}w`).join(", ");
  // The browser chooses by how wide the picture is shown: zooming in brings a finer one.
  const sizes = `${Math.ceil(view.zoom * 100)}vw`;
  return (
    <div class="detail-stage">
      <div class={view.zoom > 1 ? "detail-picture detail-picture-zoomed" : "detail-picture"} ref={stage} role="img" tabIndex={0} aria-label={text.pictureOf({ name: image.name ?? text.unnamed() })} onKeyDown={press} onDblClick={(event) => (view.zoom > 1 ? setView(FIT) : zoomBy(3, event))} onPointerDown={(event) => { event.currentTarget.setPointerCapture(event.pointerId); held.current.set(event.pointerId, { x: event.clientX, y: event.clientY }); }} onPointerMove={move} onPointerUp={release} onPointerCancel={release}>
        <div class="detail-fit" style={{ aspectRatio: `${image.width} / ${image.height}`, maxWidth: `${Math.max(image.width, 240)}px`, transform: `translate(${view.x}px, ${view.y}px) scale(${view.zoom})`, "--ratio": image.width / image.height, backgroundImage: shown ? undefined : placeholder(image.thumbhash) }}>
          <img key={key} srcset={srcset} sizes={sizes} alt="" draggable={false} onLoad={() => show(true)} />
        </div>
      </div>
      <div class="detail-zoom">
        <IconButton label={text.zoomOut()} icon={minus} disabled={view.zoom <= 1} onClick={() => zoomBy(1 / STEP)} />
        <output class="detail-zoom-value">{format.percent(view.zoom)}</output>
        <IconButton label={text.zoomIn()} icon={plus} disabled={view.zoom >= MOST} onClick={() => zoomBy(STEP)} />
        <IconButton label={text.fit()} icon={fitIcon} disabled={view.zoom === 1} onClick={() => setView(FIT)} />
      </div>
    </div>
  );
}

/** Zooms so that what is under `at`, counted from the middle of the stage, stays there. */
function zoomed(view: View, factor: number, at = { x: 0, y: 0 }): View {
  const zoom = Math.min(MOST, Math.max(1, view.zoom * factor));
  if (zoom === 1) return FIT;
  const by = zoom / view.zoom;
  return { zoom, x: at.x - (at.x - view.x) * by, y: at.y - (at.y - view.y) * by };
}

function fromMiddle(stage: HTMLElement, { clientX, clientY }: { clientX: number; clientY: number }) {
  const { left, top, width, height } = stage.getBoundingClientRect();
  return { x: clientX - left - width / 2, y: clientY - top - height / 2 };
}

const distance = (a: { x: number; y: number }, b: { x: number; y: number }) => Math.hypot(a.x - b.x, a.y - b.y);
