import { Button } from "../parts";
import { text } from "./text";

/** The name of a preset and what it stands for: takes it up. */
export function PresetChoice({ name, transform, onChoose }: { name: string; transform: string; onChoose: () => void }) {
  return (
    <Button kind="quiet" class="wb-preset-apply" onClick={onChoose}>
      <span class="visually-hidden">{text.applyPreset()}</span>
      <span class="wb-preset-name">{name}</span>
      <code>{transform}</code>
    </Button>
  );
}
