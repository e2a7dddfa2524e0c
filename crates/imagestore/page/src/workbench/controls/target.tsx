import { TARGETS } from "../parameters";
import { text } from "../text";
import type { ControlProps } from "./props";

type TargetControl = { readonly kind: "target" };

/** The names that stand for a score. */
const NAMES = [
  { name: "low", score: 50, label: text.lowScore },
  { name: "medium", score: 70, label: text.mediumScore },
  { name: "high", score: 80, label: text.highScore },
  { name: "visually-lossless", score: 90, label: text.visuallyLossless },
] as const;

const STANDARD = 80;

/** A score, by number or by name, or every pixel as it is. */
export function Target({ value, onChange, disabled, id, describedBy, label }: ControlProps<TargetControl>) {
  const isLossless = value === "lossless";
  const score = value === undefined || isLossless ? undefined : (NAMES.find(({ name }) => name === value)?.score ?? Number(value));
  return (
    <div class="wb-number">
      <input
        type="range"
        min={TARGETS.from}
        max={TARGETS.to}
        step={1}
        value={score ?? STANDARD}
        class={score === undefined ? "wb-unset" : undefined}
        disabled={disabled}
        aria-label={text.slider({ label })}
        aria-valuetext={isLossless ? text.lossless() : score === undefined ? text.notSet() : String(score)}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      <span class="wb-number-field">
        <input
          id={id}
          type="number"
          min={TARGETS.from}
          max={TARGETS.to}
          step={0.1}
          value={score ?? ""}
          disabled={disabled}
          aria-describedby={describedBy}
          onInput={(event) => onChange(event.currentTarget.value || undefined)}
        />
      </span>
      <div class="wb-names">
        {NAMES.map(({ name, score: named, label: words }) => (
          <button type="button" key={name} disabled={disabled} aria-pressed={score === named} onClick={() => onChange(name)}>
            {words()}
          </button>
        ))}
        <button type="button" disabled={disabled} aria-pressed={isLossless} onClick={() => onChange("lossless")}>
          {text.lossless()}
        </button>
      </div>
    </div>
  );
}
