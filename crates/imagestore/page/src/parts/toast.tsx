import { signal } from "@preact/signals";
import close from "icon:x";
import { phrases } from "../text";
import { IconButton } from "./button";
import { describe } from "./problem";

interface Action {
  label: string;
  run: () => void;
}

interface ToastOptions {
  kind?: "note" | "error";
  action?: Action;
}

interface Shown extends ToastOptions {
  id: number;
  message: string;
  detail?: string;
  timer: ReturnType<typeof setTimeout> | undefined;
}

const SHOWN_FOR = 6_000;
/** Long enough to read it, to decide and to get there with a keyboard. */
const SHOWN_WITH_ACTION_FOR = 20_000;
const MOST = 4;

const shown = signal<readonly Shown[]>([]);
let next = 0;

/** Says in passing what was done; errors stay until they are closed. */
export function toast(message: string, options: ToastOptions = {}, detail?: string): () => void {
  const id = next++;
  const entry: Shown = { id, message, detail, ...options, timer: undefined };
  shown.value = [...shown.value.slice(1 - MOST), entry];
  wait(entry);
  return () => dismiss(id);
}

/** Says why something failed. */
export function report(error: unknown): void {
  const { title, detail } = describe(error);
  toast(title, { kind: "error" }, detail);
}

function wait(entry: Shown): void {
  if (entry.kind !== "error") entry.timer = setTimeout(() => dismiss(entry.id), entry.action ? SHOWN_WITH_ACTION_FOR : SHOWN_FOR);
}

function dismiss(id: number): void {
  shown.value = shown.value.filter((entry) => entry.id !== id);
}

/** Where toasts appear; the shell has it once. They wait while the pointer or the focus is on them. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.value.map((entry) => (
        <div key={entry.id} class={entry.kind === "error" ? "toast toast-error" : "toast"} onPointerEnter={() => clearTimeout(entry.timer)} onPointerLeave={() => wait(entry)} onFocusIn={() => clearTimeout(entry.timer)} onFocusOut={() => wait(entry)}>
          <div class="toast-words">
            <p>{entry.message}</p>
            {entry.detail && <p class="toast-detail">{entry.detail}</p>}
          </div>
          {entry.action && <button type="button" class="toast-action" onClick={() => { dismiss(entry.id); entry.action!.run(); }}>{entry.action.label}</button>}
          <IconButton label={phrases.close()} icon={close} size={16} onClick={() => dismiss(entry.id)} />
        </div>
      ))}
    </div>
  );
}
