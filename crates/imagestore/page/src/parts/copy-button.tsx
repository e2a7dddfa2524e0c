import { useRef, useState } from "preact/hooks";
import check from "icon:check";
import copy from "icon:copy";
import { phrases } from "../text";
import { Button, IconButton } from "./button";
import { report } from "./toast";
import { text } from "./text";

const SAID_FOR = 2_000;

/** Copies a text, or what `value` makes of it when it is pressed. Without `children` it shows an icon alone. */
export function CopyButton({ value, label, children }: { value: string | (() => string | Promise<string>); label?: string; children?: string }) {
  const [done, setDone] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const run = async () => {
    try {
      await copyText(typeof value === "string" ? value : await value());
      setDone(true);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => setDone(false), SAID_FOR);
    } catch (error) {
      report(error);
    }
  };
  const shapes = done ? check : copy;
  return (
    <>
      {children ? <Button icon={shapes} aria-label={label} onClick={() => void run()}>{children}</Button> : <IconButton icon={shapes} label={label ?? phrases.copy()} size={18} onClick={() => void run()} />}
      <span class="visually-hidden" role="status">{done ? text.copied() : ""}</span>
    </>
  );
}

/** Browsers give the clipboard to pages from https and this machine alone; elsewhere the older way still works. */
async function copyText(value: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(value);
  const area = document.createElement("textarea");
  area.value = value;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (!copied) throw new Error(text.copyRefused());
}
