import { useId } from "preact/hooks";
import restore from "icon:rotate-ccw";
import { describe, IconButton } from "../parts";
import type { Bench } from "./bench";
import { ControlOf, isGroup } from "./controls";
import { isOutside, missing, TARGETS, type Parameter } from "./parameters";
import { OnPicture } from "./on-picture";
import { say, text } from "./text";

interface RowProps {
  bench: Bench;
  parameter: Parameter;
  variants: readonly string[];
}

/** One parameter: its name, its control, a way back, and what is missing or wrong. */
export function Row({ bench, parameter, variants }: RowProps) {
  const id = useId();
  const values = bench.values.value;
  const value = values[parameter.name];
  const need = missing(parameter, values, bench.image);
  const fault = faultOf(bench, parameter, value);
  const note = fault ?? (need ? say(need.says) : parameter.hint && say(parameter.hint));
  const label = say(parameter.label);
  const grouped = isGroup(parameter.control);
  const isFlag = parameter.control.kind === "flag";
  const control = (
    <ControlOf
      control={parameter.control}
      parameter={parameter}
      label={label}
      value={value}
      onChange={(next) => bench.set(parameter.name, next)}
      disabled={need !== undefined}
      id={id}
      describedBy={note ? `${id}-note` : undefined}
      source={bench.image}
      values={values}
      variants={variants}
    />
  );
  return (
    <div
      class={["wb-row", isFlag && "wb-row-flag", need && "wb-row-off"].filter(Boolean).join(" ")}
      role={grouped ? "group" : undefined}
      aria-labelledby={grouped ? `${id}-label` : undefined}
    >
      <div class="wb-row-head">
        {isFlag && control}
        {grouped ? (
          <span id={`${id}-label`} class="wb-label">
            {label}
          </span>
        ) : (
          <label for={id} class="wb-label">
            {label}
          </label>
        )}
        <code class="wb-name">{parameter.name}</code>
        <OnPicture parameter={parameter} disabled={need !== undefined} />
        <IconButton
          class="wb-reset"
          icon={restore}
          size={16}
          label={text.reset({ label })}
          disabled={value === undefined}
          onClick={() => bench.set(parameter.name, undefined)}
        />
      </div>
      {!isFlag && control}
      {note && (
        <p id={`${id}-note`} class={fault ? "wb-note wb-note-bad" : "wb-note"} role={fault ? "alert" : undefined}>
          {note}
        </p>
      )}
    </div>
  );
}

/** What is wrong with a value: a number out of range, or what the service says of it. */
function faultOf(bench: Bench, parameter: Parameter, value: string | undefined): string | undefined {
  if (value !== undefined && isOutside(parameter.control, value)) {
    const { from, to } = parameter.control.kind === "number" ? parameter.control : TARGETS;
    return text.range({ from, to });
  }
  return bench.faulty.value === parameter.name ? describe(bench.problem.value).detail : undefined;
}
