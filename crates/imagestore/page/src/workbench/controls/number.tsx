import { isOutside, type NumberControl } from "../parameters";
import { position, track, valueAt } from "../scale";
import { say, text } from "../text";
import type { ControlProps } from "./props";

/** A slider for the usual range, and beside it a field that takes every value. */
export function NumberField({ control, label, value, onChange, disabled, id, describedBy }: ControlProps<NumberControl>) {
  const isWord = control.word !== undefined && value === control.word.value;
  const number = value !== undefined && !isWord ? Number(value) : undefined;
  const at = position(control, number ?? control.standard);
  return (
    <div class="wb-number">
      <input
        type="range"
        {...track(control)}
        value={at}
        class={number === undefined ? "wb-unset" : undefined}
        disabled={disabled || isWord}
        aria-label={text.slider({ label })}
        aria-valuetext={number === undefined ? text.notSet() : String(number)}
        onInput={(event) => onChange(valueAt(control, event.currentTarget.valueAsNumber))}
      />
      <span class="wb-number-field">
        <input
          id={id}
          type="number"
          inputMode="decimal"
          min={control.from}
          max={control.to}
          step="any"
          value={isWord ? "" : (value ?? "")}
          disabled={disabled || isWord}
          aria-describedby={describedBy}
          aria-invalid={value !== undefined && isOutside(control, value) ? true : undefined}
          onInput={(event) => onChange(event.currentTarget.value || undefined)}
        />
        <span class="wb-unit">{control.unit && text[control.unit]()}</span>
      </span>
      {control.word && (
        <label class="wb-check">
          <input
            type="checkbox"
            checked={isWord}
            disabled={disabled}
            onChange={(event) => onChange(event.currentTarget.checked ? control.word?.value : undefined)}
          />
          {say(control.word.label)}
        </label>
      )}
    </div>
  );
}
