import { signal } from "@preact/signals";
import crosshair from "icon:crosshair";
import cropIcon from "icon:crop";
import { IconButton } from "../parts";
import type { Parameter } from "./parameters";
import { say, text } from "./text";

/** What is set on the picture at the moment: the name of a parameter, or nothing while the result is shown. */
export const onPicture = signal<string | undefined>(undefined);

/** Lets a region or a point be set where it is seen. */
export function OnPicture({ parameter, disabled }: { parameter: Parameter; disabled: boolean }) {
  const { kind } = parameter.control;
  if (kind !== "crop" && kind !== "place") return null;
  const active = onPicture.value === parameter.name;
  return (
    <IconButton
      icon={kind === "crop" ? cropIcon : crosshair}
      size={16}
      label={`${say(parameter.label)}: ${text.onPicture()}`}
      aria-pressed={active}
      disabled={disabled}
      onClick={() => {
        onPicture.value = active ? undefined : parameter.name;
      }}
    />
  );
}
