import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import type { RefObject } from "preact";

interface Window {
  top: number;
  height: number;
  width: number;
  /** Whether the list flies past so fast that nobody could look at it. */
  hurried: boolean;
}

/** Above this many heights of the window in a second nobody sees more than placeholders. */
const HURRY = 3;
const REST_MS = 120;
/** How finely the position is followed: rendering anew for each pixel would be for nothing. */
const GRAIN = 120;

/** What is seen of something that scrolls. */
export function useWindow(frame: RefObject<HTMLElement | null>): Window {
  const [seen, see] = useState<Window>({ top: 0, height: 0, width: 0, hurried: false });

  useLayoutEffect(() => {
    const element = frame.current!;
    const measure = () => see((before) => ({ ...before, height: element.clientHeight, width: innerWidthOf(element), top: element.scrollTop }));
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const element = frame.current!;
    const height = Math.max(1, element.clientHeight);
    let last = { top: element.scrollTop, at: performance.now() };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const follow = () => {
      const now = { top: element.scrollTop, at: performance.now() };
      const speed = (Math.abs(now.top - last.top) / height) * (1000 / Math.max(1, now.at - last.at));
      const hurried = speed > HURRY;
      last = now;
      clearTimeout(timer);
      timer = setTimeout(() => see((before) => ({ ...before, top: element.scrollTop, hurried: false })), REST_MS);
      const top = Math.floor(now.top / GRAIN) * GRAIN;
      see((before) => (before.top === top && before.hurried === hurried ? before : { ...before, top, hurried }));
    };
    element.addEventListener("scroll", follow, { passive: true });
    return () => {
      element.removeEventListener("scroll", follow);
      clearTimeout(timer);
    };
  }, [seen.height]);
  return seen;
}

function innerWidthOf(element: HTMLElement): number {
  const { paddingLeft, paddingRight } = getComputedStyle(element);
  return element.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
}
