import type { ControlProps } from "./props";

type FlagControl = { readonly kind: "flag"; readonly on: "0" | "1" | "keep" };

/** Yes or no; the label stands around it. */
export function Flag({ control, value, onChange, disabled, id, describedBy }: ControlProps<FlagControl>) {
  return (
    <input
      id={id}
      type="checkbox"
      checked={value === control.on}
      disabled={disabled}
      aria-describedby={describedBy}
      onChange={(event) => onChange(event.currentTarget.checked ? control.on : undefined)}
    />
  );
}
