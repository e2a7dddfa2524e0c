import { parseRegion, regionValue, settled, whole, type Region } from "../crop";
import { text } from "../text";
import type { ControlProps } from "./props";

type CropControl = { readonly kind: "crop" };

const FIELDS = [
  ["x", "cropX"],
  ["y", "cropY"],
  ["width", "cropWidth"],
  ["height", "cropHeight"],
] as const;

/** The region as numbers; it is drawn on the picture itself. */
export function CropFields({ value, onChange, disabled, describedBy, source }: ControlProps<CropControl>) {
  const region = parseRegion(value) ?? whole(source);
  const change = (field: keyof Region, number: number) =>
    onChange(regionValue(settled({ ...region, [field]: Number.isNaN(number) ? region[field] : number }, source)));
  return (
    <div class="wb-sides">
      {FIELDS.map(([field, name]) => (
        <label class="wb-side" key={field}>
          <span>{text[name]()}</span>
          <input
            type="number"
            min={field === "x" || field === "y" ? 0 : 1}
            max={field === "x" || field === "width" ? source.width : source.height}
            value={region[field]}
            disabled={disabled}
            aria-describedby={describedBy}
            onChange={(event) => change(field, event.currentTarget.valueAsNumber)}
          />
        </label>
      ))}
    </div>
  );
}
