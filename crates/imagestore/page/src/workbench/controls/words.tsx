import { text } from "../text";
import type { ControlProps } from "./props";

type TextControl = { readonly kind: "text"; readonly longest: number };

/** A text of a few lines. */
export function TextField({ control, value, onChange, disabled, id, describedBy }: ControlProps<TextControl>) {
  return (
    <textarea
      id={id}
      class="wb-text"
      rows={2}
      maxLength={control.longest}
      value={value ?? ""}
      disabled={disabled}
      aria-describedby={describedBy}
      onInput={(event) => onChange(event.currentTarget.value || undefined)}
    />
  );
}

type PresetControl = { readonly kind: "preset" };

/** The name of a preset of the store, or of a variant that was stored under a name. */
export function PresetName({
  value,
  onChange,
  disabled,
  id,
  describedBy,
  names,
}: ControlProps<PresetControl> & { names: readonly string[] }) {
  return (
    <>
      <input
        id={id}
        class="wb-select"
        type="text"
        list={`${id}-names`}
        spellcheck={false}
        autocomplete="off"
        placeholder={text.nameOfPreset()}
        value={value ?? ""}
        disabled={disabled}
        aria-describedby={describedBy}
        onInput={(event) => onChange(event.currentTarget.value || undefined)}
      />
      <datalist id={`${id}-names`}>
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}
