import { useState } from "preact/hooks";
import trash from "icon:trash";
import { Button, IconButton, TextField, toast } from "../parts";
import { phrases } from "../text";
import { query } from "./address";
import type { Bench } from "./bench";
import { PresetChoice } from "./preset-choice";
import { load, save, withPreset, type Preset } from "./presets";
import { text } from "./text";

/** Sets of parameters under a name: take one up, keep what is chosen, forget one. */
export function PresetList({ bench }: { bench: Bench }) {
  const [presets, setPresets] = useState(load);
  const [name, setName] = useState("");
  const trimmed = name.trim();
  const values = bench.values.value;
  const replaces = presets.some((preset) => preset.name === trimmed);

  const keep = (next: readonly Preset[]): boolean => {
    setPresets([...next]);
    if (save(next)) return true;
    toast(text.presetNotKept(), { kind: "error" });
    return false;
  };
  const add = () => {
    if (!trimmed || Object.keys(values).length === 0) return;
    if (keep(withPreset(presets, { name: trimmed, values }))) toast(text.presetSaved({ name: trimmed }));
    setName("");
  };
  const remove = (preset: Preset) => {
    if (!keep(presets.filter((other) => other !== preset))) return;
    toast(text.presetDeleted({ name: preset.name }), { action: { label: phrases.undo(), run: () => keep(withPreset(load(), preset)) } });
  };

  return (
    <section class="wb-presets" aria-labelledby="wb-presets-title">
      <h2 id="wb-presets-title">{text.presets()}</h2>
      {presets.length === 0 && <p class="wb-note">{text.presetsEmpty()}</p>}
      <ul>
        {presets.map((preset) => (
          <li key={preset.name} class="wb-preset">
            <PresetChoice name={preset.name} transform={query(preset.values)} onChoose={() => bench.replace(preset.values)} />
            <IconButton icon={trash} size={16} label={text.deletePreset({ name: preset.name })} onClick={() => remove(preset)} />
          </li>
        ))}
      </ul>
      <form
        class="wb-sign-line"
        onSubmit={(event) => {
          event.preventDefault();
          add();
        }}
      >
        <TextField
          label={text.presetName()}
          value={name}
          maxLength={60}
          hint={replaces ? text.presetReplaces() : undefined}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <Button type="submit" disabled={!trimmed || Object.keys(values).length === 0}>
          {phrases.save()}
        </Button>
      </form>
    </section>
  );
}
