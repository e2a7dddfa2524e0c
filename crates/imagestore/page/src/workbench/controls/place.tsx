import { COMPASS, focus, focusValue } from "../place";
import { text } from "../text";
import type { ControlProps } from "./props";

type PlaceControl = { readonly kind: "place"; readonly standard: string; readonly extra: "smart" | "tile" };

const percent = (part: number) => Math.round(part * 100);

/** A pad of nine places, a point of one's own, and one word more. */
export function Place({ control, parameter, value, onChange, disabled, describedBy }: ControlProps<PlaceControl>) {
  const point = focus(value);
  const chosen = point ? "point" : (value ?? control.standard);
  const choose = (next: string) => onChange(next === control.standard ? undefined : next);
  const radio = (place: string, choice: () => void) => (
    <input
      type="radio"
      name={parameter.name}
      checked={chosen === place}
      disabled={disabled}
      aria-describedby={describedBy}
      onChange={choice}
    />
  );
  return (
    <div class="wb-place">
      <div class="wb-pad">
        {COMPASS.map((place) => (
          <label key={place} class="wb-pad-place">
            {radio(place, () => choose(place))}
            <span class="visually-hidden">{text[place]()}</span>
          </label>
        ))}
      </div>
      <div class="wb-place-more">
        <label class="wb-check">
          {radio(control.extra, () => choose(control.extra))}
          {text[control.extra]()}
        </label>
        <label class="wb-check">
          {radio("point", () => onChange(focusValue({ x: 0.5, y: 0.5 })))}
          {text.point()}
        </label>
        {point && (
          <div class="wb-point">
            {(["x", "y"] as const).map((axis) => (
              <label key={axis}>
                {axis.toUpperCase()}
                <input
                  type="number"
                  min={0}
                  max={100}
                  value={percent(point[axis])}
                  disabled={disabled}
                  aria-label={(axis === "x" ? text.pointX : text.pointY)()}
                  onInput={(event) => onChange(focusValue({ ...point, [axis]: event.currentTarget.valueAsNumber / 100 }))}
                />
                %
              </label>
            ))}
          </div>
        )}
      </div>
    </div>
  );
}
