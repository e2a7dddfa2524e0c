import { useEffect, useRef } from "preact/hooks";

interface Handlers {
  /** Around a point, given in CSS pixels from the middle of the frame. */
  zoom: (factor: number, dx: number, dy: number) => void;
  pan: (dx: number, dy: number) => void;
}

/** How much of a turn of the wheel doubles the scale. */
const WHEEL = 400;

/** Wheel and pinch zoom, one finger or the mouse moves. The browser's own ways to scroll are left out within the frame. */
export function useGestures(frame: { current: HTMLElement | null }, handlers: Handlers): void {
  const latest = useRef(handlers);
  latest.current = handlers;
  useEffect(() => {
    const element = frame.current!;
    const pointers = new Map<number, { x: number; y: number }>();
    const fromMiddle = (x: number, y: number) => {
      const around = element.getBoundingClientRect();
      return [x - around.left - around.width / 2, y - around.top - around.height / 2] as const;
    };
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      latest.current.zoom(2 ** (-event.deltaY / WHEEL), ...fromMiddle(event.clientX, event.clientY));
    };
    const down = (event: PointerEvent) => {
      pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      element.setPointerCapture(event.pointerId);
    };
    const move = (event: PointerEvent) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      const now = { x: event.clientX, y: event.clientY };
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
      pointers.set(event.pointerId, now);
      // What is between two fingers stays between them: it follows each of them half of its way.
      const share = other ? 0.5 : 1;
      latest.current.pan((now.x - before.x) * share, (now.y - before.y) * share);
      if (!other) return;
      const distance = (point: { x: number; y: number }) => Math.hypot(point.x - other.x, point.y - other.y);
      const middle = fromMiddle((now.x + other.x) / 2, (now.y + other.y) / 2);
      if (distance(before) > 0) latest.current.zoom(distance(now) / distance(before), ...middle);
    };
    const up = (event: PointerEvent) => {
      pointers.delete(event.pointerId);
    };
    element.addEventListener("wheel", wheel, { passive: false });
    element.addEventListener("pointerdown", down);
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", up);
    element.addEventListener("pointercancel", up);
    return () => {
      element.removeEventListener("wheel", wheel);
      element.removeEventListener("pointerdown", down);
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerup", up);
      element.removeEventListener("pointercancel", up);
    };
  }, []);
}
