import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import close from "icon:x";
import { phrases } from "../text";
import { Button, IconButton } from "./button";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  /** Buttons at the foot, the one that does it last. */
  actions?: ComponentChildren;
  wide?: boolean;
  /** Makes the content a form: Enter in a field does what the last button does. */
  onSubmit?: () => void;
}

/** A dialog in front of everything. The browser keeps the focus in it, and gives it back where it was. */
export function Dialog({ title, onClose, children, actions, wide, onSubmit }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current!.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);

  const content = (
    <>
      <div class="dialog-body">{children}</div>
      {actions && <div class="dialog-actions">{actions}</div>}
    </>
  );
  return (
    <dialog ref={dialog} class={wide ? "dialog dialog-wide" : "dialog"} aria-labelledby={heading} onCancel={(event) => { event.preventDefault(); onClose(); }} onKeyDown={(event) => event.stopPropagation()} onMouseDown={(event) => event.target === event.currentTarget && onClose()}>
      <div class="dialog-frame">
        <div class="dialog-head">
          <h2 id={heading}>{title}</h2>
          <IconButton label={phrases.close()} icon={close} onClick={onClose} />
        </div>
        {onSubmit ? <form onSubmit={(event) => { event.preventDefault(); onSubmit(); }}>{content}</form> : content}
      </div>
    </dialog>
  );
}

interface Question {
  title: string;
  detail?: ComponentChildren;
  /** The word on the button that does it. */
  confirm: string;
  danger?: boolean;
}

interface Prompted extends Question {
  label: string;
  value?: string;
}

type Open = (Question & { answer: (yes: boolean) => void }) | (Prompted & { answerText: (given: string | undefined) => void });

const open = signal<Open | undefined>(undefined);

/** Asks before something is done that matters. */
export function confirm(question: Question): Promise<boolean> {
  return new Promise((answer) => {
    open.value = { ...question, answer };
  });
}

/** Asks for one line of text, and gives nothing if that is called off. */
export function prompt(question: Prompted): Promise<string | undefined> {
  return new Promise((answerText) => {
    open.value = { ...question, answerText };
  });
}

/** Where `confirm` and `prompt` show themselves; the shell has it once. */
export function Dialogs() {
  const asked = open.value;
  return asked ? <Asked key={asked.title} asked={asked} /> : null;
}

function Asked({ asked }: { asked: Open }) {
  const [given, setGiven] = useState("value" in asked ? (asked.value ?? "") : "");
  const isText = "answerText" in asked;
  const finish = (yes: boolean) => {
    open.value = undefined;
    if (isText) asked.answerText(yes ? given.trim() : undefined);
    else asked.answer(yes);
  };
  return (
    <Dialog
      title={asked.title}
      onClose={() => finish(false)}
      onSubmit={() => (isText && given.trim() === "" ? undefined : finish(true))}
      actions={
        <>
          <Button onClick={() => finish(false)}>{phrases.cancel()}</Button>
          <Button type="submit" kind={asked.danger ? "danger" : "primary"} disabled={isText && given.trim() === ""}>{asked.confirm}</Button>
        </>
      }
    >
      {asked.detail && <p>{asked.detail}</p>}
      {isText && (
        <label class="field">
          <span class="field-label">{asked.label}</span>
          <input class="input" value={given} autoFocus onInput={(event) => setGiven(event.currentTarget.value)} />
        </label>
      )}
    </Dialog>
  );
}
