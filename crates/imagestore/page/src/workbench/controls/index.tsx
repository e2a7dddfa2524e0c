import type { Control } from "../parameters";
import { Choice } from "./choice";
import { Colour, Duotone } from "./colour";
import { CropFields } from "./crop";
import { Flag } from "./flag";
import { Mark } from "./mark";
import { NumberField } from "./number";
import { Place } from "./place";
import type { ControlProps } from "./props";
import { Sides } from "./sides";
import { Target } from "./target";
import { PresetName, TextField } from "./words";

export type { ControlProps } from "./props";

/** The control that sets a parameter of its kind. */
export function ControlOf({ variants, ...props }: ControlProps<Control> & { variants: readonly string[] }) {
  const { control } = props;
  switch (control.kind) {
    case "number":
      return <NumberField {...props} control={control} />;
    case "flag":
      return <Flag {...props} control={control} />;
    case "choice":
      return <Choice {...props} control={control} />;
    case "place":
      return <Place {...props} control={control} />;
    case "colour":
      return <Colour {...props} control={control} />;
    case "duotone":
      return <Duotone {...props} control={control} />;
    case "crop":
      return <CropFields {...props} control={control} />;
    case "sides":
      return <Sides {...props} control={control} />;
    case "target":
      return <Target {...props} control={control} />;
    case "text":
      return <TextField {...props} control={control} />;
    case "image":
      return <Mark {...props} control={control} />;
    case "preset":
      return <PresetName {...props} control={control} names={variants} />;
  }
}

/** Whether a control is several fields, which a label alone cannot name. */
export function isGroup(control: Control): boolean {
  return ["place", "duotone", "crop", "sides"].includes(control.kind) || (control.kind === "choice" && control.options.length <= 5);
}
