import { signal, type Signal } from "@preact/signals";
import type { Wishes } from "./wishes";

/** `finishing` is when all bytes are sent and the service looks at them. */
export type Standing = "waiting" | "sending" | "finishing" | "paused" | "done" | "failed";

/** One file, or one address that the service fetches, on its way to the store. */
export interface Item {
  readonly id: number;
  readonly name: string;
  readonly source: File | string;
  readonly bytes: number;
  readonly wishes: Wishes;
  readonly standing: Signal<Standing>;
  readonly sent: Signal<number>;
  /** Why it failed; of one that is done, what could not be done with it afterwards. */
  readonly problem: Signal<unknown>;
  readonly image: Signal<string | undefined>;
  /** Another image that has the same bytes. */
  readonly twin: Signal<string | undefined>;
  /** Goes on where it was after a break, because it has been broken off once or is large. */
  resumable: boolean;
  /** Where the service keeps the bytes of a resumable upload that was begun. */
  address?: string;
  stop?: AbortController;
}

/** Files of more bytes are sent resumably from the beginning. */
const LARGE = 5_000_000;

let next = 0;

export function itemOf(source: File | string, wishes: Wishes): Item {
  const isFile = source instanceof File;
  return {
    id: next++,
    name: isFile ? source.name : nameIn(source),
    source,
    bytes: isFile ? source.size : 0,
    wishes,
    standing: signal("waiting"),
    sent: signal(0),
    problem: signal(undefined),
    image: signal(undefined),
    twin: signal(undefined),
    resumable: isFile && source.size > LARGE,
  };
}

export const isOver = (item: Item) => item.standing.value === "done" || item.standing.value === "failed";

function nameIn(address: string): string {
  try {
    const { pathname, host } = new URL(address);
    return decodeURIComponent(pathname.split("/").filter(Boolean).pop() ?? host);
  } catch {
    return address;
  }
}
