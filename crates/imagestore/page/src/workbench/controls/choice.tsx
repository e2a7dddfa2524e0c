import type { ChoiceControl } from "../parameters";
import { say } from "../text";
import type { ControlProps } from "./props";

/** How many options stand beside each other; more go into a list. */
const MOST_BUTTONS = 5;

/** One of a few words; the one that holds anyway is no choice. */
export function Choice({ control, parameter, value, onChange, disabled, id, describedBy }: ControlProps<ChoiceControl>) {
  const chosen = value ?? control.standard;
  const choose = (next: string) => onChange(next === control.standard ? undefined : next);
  if (control.options.length > MOST_BUTTONS) {
    return (
      <select
        id={id}
        class="wb-select"
        value={chosen}
        disabled={disabled}
        aria-describedby={describedBy}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {control.options.map((option) => (
          <option key={option.value} value={option.value}>
            {say(option.label)}
          </option>
        ))}
      </select>
    );
  }
  return (
    <div class="wb-segments">
      {control.options.map((option) => (
        <label key={option.value} class="wb-segment">
          <input
            type="radio"
            name={parameter.name}
            value={option.value}
            checked={chosen === option.value}
            disabled={disabled}
            aria-describedby={describedBy}
            onChange={() => choose(option.value)}
          />
          <span>{say(option.label)}</span>
        </label>
      ))}
    </div>
  );
}
