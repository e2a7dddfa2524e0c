import { useRef, useState } from "preact/hooks";
import { variantUrl, type ImageInfo } from "../api";
import { HANDLES, moved, ofAspect, parseRegion, pulled, regionValue, settled, whole, type Handle, type Region } from "./crop";
import { text } from "./text";

/** Proportions that are asked for most, as width over height. */
const ASPECTS = [
  ["1:1", 1],
  ["4:3", 4 / 3],
  ["3:2", 3 / 2],
  ["16:9", 16 / 9],
  ["9:16", 9 / 16],
] as const;

/** Pixels of the picture that it is shown with while a region is drawn. */
const SHOWN = 1600;

/** How far an arrow key goes, as a part of the longer side. */
const STEP = 0.01;

const MIDDLE: Handle = { x: 0, y: 0 };
const LAST: Handle = { x: 1, y: 1 };

interface CropFrameProps {
  image: ImageInfo;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}

/** The whole picture with a frame on it, which is dragged, pulled at its handles, or drawn anew. */
export function CropFrame({ image, value, onChange }: CropFrameProps) {
  const board = useRef<HTMLDivElement>(null);
  const drag = useRef<{ handle: Handle | "new"; x: number; y: number; from: Region } | undefined>(undefined);
  const [aspect, setAspect] = useState<number | undefined>();
  const region = settled(parseRegion(value) ?? whole(image), image);

  const set = (next: Region) => {
    const isWhole = next.width === image.width && next.height === image.height;
    onChange(isWhole ? undefined : regionValue(next));
  };
  /** Where a pointer is, in pixels of the picture. */
  const at = (event: PointerEvent) => {
    const around = board.current!.getBoundingClientRect();
    const factor = image.width / around.width;
    return { x: (event.clientX - around.left) * factor, y: (event.clientY - around.top) * factor };
  };
  const take = (handle: Handle | "new") => (event: PointerEvent) => {
    event.preventDefault();
    event.stopPropagation();
    const point = at(event);
    drag.current = { handle, ...point, from: handle === "new" ? { x: point.x, y: point.y, width: 1, height: 1 } : region };
    board.current!.setPointerCapture(event.pointerId);
    board.current!.querySelector<HTMLElement>(".wb-frame")?.focus();
  };
  const follow = (event: PointerEvent) => {
    if (!drag.current) return;
    const { handle, x, y, from } = drag.current;
    const point = at(event);
    const [dx, dy] = [point.x - x, point.y - y];
    if (handle === MIDDLE) set(moved(from, dx, dy, image));
    else if (handle === "new") set(pulled(from, { x: dx < 0 ? -1 : 1, y: dy < 0 ? -1 : 1 }, dx, dy, image, aspect));
    else set(pulled(from, handle, dx, dy, image, aspect));
  };
  const press = (event: KeyboardEvent) => {
    const step = Math.max(1, Math.round(Math.max(image.width, image.height) * STEP));
    const way = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    if (!way) return;
    event.preventDefault();
    const [dx = 0, dy = 0] = way;
    set(event.shiftKey ? pulled(region, LAST, dx, dy, image, aspect) : moved(region, dx, dy, image));
  };
  const choose = (next: number | undefined) => {
    setAspect(next);
    if (next) set(ofAspect(value ? region : whole(image), next, image));
  };

  const place = (part: number, of: number) => `${(part / of) * 100}%`;
  return (
    <div class="wb-crop">
      <div class="wb-segments" role="group" aria-label={text.aspect()}>
        <AspectButton label={text.aspectFree()} pressed={aspect === undefined} onClick={() => choose(undefined)} />
        <AspectButton
          label={text.aspectOriginal()}
          pressed={aspect === image.width / image.height}
          onClick={() => choose(image.width / image.height)}
        />
        {ASPECTS.map(([label, ratio]) => (
          <AspectButton key={label} label={label} pressed={aspect === ratio} onClick={() => choose(ratio)} />
        ))}
      </div>
      <div
        ref={board}
        class="wb-board"
        onPointerDown={take("new")}
        onPointerMove={follow}
        onPointerUp={() => (drag.current = undefined)}
        onPointerCancel={() => (drag.current = undefined)}
      >
        <img
          src={variantUrl(image, { w: SHOWN, h: SHOWN })}
          alt={text.original()}
          width={image.width}
          height={image.height}
          draggable={false}
        />
        <button
          type="button"
          class="wb-frame"
          aria-label={text.cropFrame({ ...region })}
          aria-describedby="wb-crop-help"
          onPointerDown={take(MIDDLE)}
          onKeyDown={press}
          style={{
            left: place(region.x, image.width),
            top: place(region.y, image.height),
            width: place(region.width, image.width),
            height: place(region.height, image.height),
          }}
        >
          {HANDLES.map((handle) => (
            <span
              key={`${handle.x} ${handle.y}`}
              class={`wb-handle wb-handle-x${handle.x + 1} wb-handle-y${handle.y + 1}`}
              onPointerDown={take(handle)}
            />
          ))}
        </button>
      </div>
      <p id="wb-crop-help" class="wb-note">
        {text.cropHelp()}
      </p>
    </div>
  );
}

function AspectButton({ label, pressed, onClick }: { label: string; pressed: boolean; onClick: () => void }) {
  return (
    <button type="button" class="wb-toggle" aria-pressed={pressed} onClick={onClick}>
      {label}
    </button>
  );
}
