import type { ComponentChildren, InputHTMLAttributes, PartialInputHTMLAttributes, PartialSelectHTMLAttributes, TextareaHTMLAttributes } from "preact";
import { useId } from "preact/hooks";

interface Described {
  label: ComponentChildren;
  hint?: ComponentChildren;
  /** What is wrong with the value, and what to do. */
  error?: string;
  /** The label is only for screen readers, where the place says to everybody else what the field is. */
  hideLabel?: boolean;
}

interface Wiring {
  id: string;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
}

/** A control with its label, hint and error, which belong to it for screen readers, too. */
export function Field({ label, hint, error, hideLabel, class: more, children }: Described & { class?: string; children: (wiring: Wiring) => ComponentChildren }) {
  const id = useId();
  const notes = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div class={more ? `field ${more}` : "field"}>
      <label class={hideLabel ? "visually-hidden" : "field-label"} for={id}>{label}</label>
      {children({ id, ...(notes ? { "aria-describedby": notes } : {}), ...(error ? { "aria-invalid": true } : {}) })}
      {hint && <p class="field-hint" id={`${id}-hint`}>{hint}</p>}
      {error && <p class="field-error" id={`${id}-error`} role="alert">{error}</p>}
    </div>
  );
}

type Plain<Attributes> = Omit<Attributes, "label" | "class" | "role" | "type">;
type Texty = "text" | "search" | "number" | "url" | "email" | "password" | "date" | "datetime-local";

export function TextField({ label, hint, error, hideLabel, class: more, type = "text", ...rest }: Described & { class?: string; type?: Texty } & Plain<PartialInputHTMLAttributes<HTMLInputElement>>) {
  // The types of Preact know a set of attributes for each `type`, and none for one that is given later.
  const attributes = { ...rest, type } as InputHTMLAttributes<HTMLInputElement>;
  return (
    <Field label={label} hint={hint} error={error} hideLabel={hideLabel} class={more}>
      {(wiring) => <input class="input" {...attributes} {...wiring} />}
    </Field>
  );
}

export function TextArea({ label, hint, error, hideLabel, class: more, ...rest }: Described & { class?: string } & Plain<TextareaHTMLAttributes<HTMLTextAreaElement>>) {
  return (
    <Field label={label} hint={hint} error={error} hideLabel={hideLabel} class={more}>
      {(wiring) => <textarea class="input" rows={3} {...rest} {...wiring} />}
    </Field>
  );
}

export interface Option<Value extends string> {
  value: Value;
  label: string;
}

type SelectProps<Value extends string> = Described & { class?: string; value: Value; options: readonly Option<Value>[]; onChoose: (value: Value) => void } & Omit<Plain<PartialSelectHTMLAttributes<HTMLSelectElement>>, "value" | "multiple" | "size">;

export function Select<Value extends string>({ label, hint, error, hideLabel, class: more, options, value, onChoose, ...rest }: SelectProps<Value>) {
  return (
    <Field label={label} hint={hint} error={error} hideLabel={hideLabel} class={more}>
      {(wiring) => (
        <select class="input select" {...rest} {...wiring} value={value} onChange={(event) => onChoose(event.currentTarget.value as Value)}>
          {options.map((option) => <option key={option.value} value={option.value}>{option.label}</option>)}
        </select>
      )}
    </Field>
  );
}

export function Checkbox({ label, hint, class: more, ...rest }: Described & { class?: string } & Plain<PartialInputHTMLAttributes<HTMLInputElement>>) {
  const id = useId();
  return (
    <div class={more ? `checkbox ${more}` : "checkbox"}>
      <input type="checkbox" {...rest} id={id} aria-describedby={hint ? `${id}-hint` : undefined} />
      <label for={id}>{label}</label>
      {hint && <p class="field-hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}
