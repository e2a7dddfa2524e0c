import moveHorizontal from "icon:move-horizontal";
import { Icon } from "../parts";
import { format } from "../text";
import { text } from "./text";

const STEP = 0.02;
const LARGE_STEP = 0.1;

interface DividerProps {
  /** Where it stands, from 0 at the left to 1. */
  part: number;
  onChange: (part: number) => void;
  frame: { current: HTMLElement | null };
}

/** The line between two pictures: dragged, or moved by keys as every slider is. */
export function Divider({ part, onChange, frame }: DividerProps) {
  const set = (next: number) => onChange(Math.min(Math.max(next, 0), 1));
  const follow = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const around = frame.current!.getBoundingClientRect();
    set((event.clientX - around.left) / around.width);
  };
  const press = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowLeft: part - STEP,
      ArrowDown: part - STEP,
      ArrowRight: part + STEP,
      ArrowUp: part + STEP,
      PageDown: part - LARGE_STEP,
      PageUp: part + LARGE_STEP,
      Home: 0,
      End: 1,
    };
    const next = steps[event.key];
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    set(next);
  };
  return (
    <div
      class="cmp-divider"
      role="slider"
      tabIndex={0}
      aria-label={text.divider()}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(part * 100)}
      aria-valuetext={text.dividerAt({ part: format.percent(part) })}
      style={{ left: `${part * 100}%` }}
      onPointerDown={(event) => {
        event.stopPropagation();
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={follow}
      onKeyDown={press}
    >
      <span class="cmp-grip">
        <Icon shapes={moveHorizontal} size={18} />
      </span>
    </div>
  );
}
