import { text } from "../text";
import type { ControlProps } from "./props";

type SidesControl = { readonly kind: "sides" };

const SIDES = ["top", "right", "bottom", "left"] as const;

/** The shortest way to write four widths; none at all if they are nothing. */
function written(widths: readonly number[]): string | undefined {
  const [first = 0] = widths;
  if (widths.every((width) => width === first)) return first === 0 ? undefined : String(first);
  return widths.join(",");
}

/** The width of a border on each side. The first field sets all of them as long as they are equal. */
export function Sides({ value, onChange, disabled, describedBy, id }: ControlProps<SidesControl>) {
  const given = value?.split(",").map(Number) ?? [0];
  const widths = SIDES.map((_, index) => given[given.length === 1 ? 0 : index] || 0);
  const equal = written(widths)?.includes(",") !== true;
  const set = (index: number, width: number) => onChange(written(widths.map((old, at) => (at === index ? width : old))));
  const field = (name: string, width: number | "", change: (width: number) => void, fieldId?: string) => (
    <label class="wb-side" key={name}>
      <span>{name}</span>
      <input
        id={fieldId}
        type="number"
        min={0}
        max={16384}
        value={width}
        disabled={disabled}
        aria-describedby={describedBy}
        onInput={(event) => change(event.currentTarget.valueAsNumber || 0)}
      />
    </label>
  );
  return (
    <div class="wb-sides">
      {field(text.allSides(), equal ? (widths[0] ?? 0) : "", (width) => onChange(written(SIDES.map(() => width))), id)}
      {SIDES.map((side, index) => field(text[side](), widths[index] ?? 0, (width) => set(index, width)))}
    </div>
  );
}
