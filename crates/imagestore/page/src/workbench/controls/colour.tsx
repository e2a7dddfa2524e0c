import { text } from "../text";
import type { ControlProps } from "./props";

type ColourControl = { readonly kind: "colour"; readonly standard: string; readonly alpha: boolean };

const HEX = /^#?([0-9a-f]{6})([0-9a-f]{2})?$/i;

/** The six digits that a colour input takes, and how opaque the colour is, from 0 to 255. */
function parts(value: string): { rgb: string; alpha: number } | undefined {
  const match = HEX.exec(value);
  return match ? { rgb: (match[1] ?? "").toLowerCase(), alpha: match[2] ? parseInt(match[2], 16) : 255 } : undefined;
}

const joined = (rgb: string, alpha: number) => (alpha === 255 ? rgb : rgb + alpha.toString(16).padStart(2, "0"));

/** A colour by picker or by its name, and how opaque it is. */
export function Colour({ control, label, value, onChange, disabled, id, describedBy }: ControlProps<ColourControl>) {
  const known = parts(value ?? control.standard) ?? { rgb: control.standard, alpha: 255 };
  return (
    <div class="wb-colour">
      <input
        type="color"
        aria-label={text.picker({ label })}
        value={`#${known.rgb}`}
        disabled={disabled}
        onInput={(event) => onChange(joined(event.currentTarget.value.slice(1), known.alpha))}
      />
      <input
        id={id}
        type="text"
        spellcheck={false}
        autocomplete="off"
        placeholder={control.standard}
        value={value ?? ""}
        disabled={disabled}
        aria-describedby={describedBy}
        onInput={(event) => onChange(event.currentTarget.value.replace("#", "") || undefined)}
      />
      {control.alpha && (
        <label class="wb-alpha">
          {text.opacity()}
          <input
            type="range"
            min={0}
            max={255}
            value={known.alpha}
            disabled={disabled}
            aria-valuetext={`${Math.round(known.alpha / 2.55)} %`}
            onInput={(event) => onChange(joined(known.rgb, event.currentTarget.valueAsNumber))}
          />
        </label>
      )}
    </div>
  );
}

type DuotoneControl = { readonly kind: "duotone" };

const DUOTONE = ["1b2a49", "ffd166"] as const;

/** Two colours: for the dark parts and for the light ones. */
export function Duotone({ value, onChange, disabled, describedBy }: ControlProps<DuotoneControl>) {
  const [dark = DUOTONE[0], light = DUOTONE[1]] = value?.split(",") ?? [];
  const field = (text: string, colour: string, change: (hex: string) => void) => (
    <label class="wb-swatch">
      <input
        type="color"
        value={`#${parts(colour)?.rgb ?? "000000"}`}
        disabled={disabled}
        aria-describedby={describedBy}
        onInput={(event) => change(event.currentTarget.value.slice(1))}
      />
      {text}
    </label>
  );
  return (
    <div class="wb-colour">
      <label class="wb-check">
        <input
          type="checkbox"
          checked={value !== undefined}
          disabled={disabled}
          onChange={(event) => onChange(event.currentTarget.checked ? DUOTONE.join(",") : undefined)}
        />
        {text.use()}
      </label>
      {field(text.dark(), dark, (hex) => onChange(`${hex},${light}`))}
      {field(text.light(), light, (hex) => onChange(`${dark},${hex}`))}
    </div>
  );
}
