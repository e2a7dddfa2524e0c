import { useState } from "preact/hooks";
import chevron from "icon:chevron-down";
import redoIcon from "icon:redo-2";
import searchIcon from "icon:search";
import undoIcon from "icon:undo-2";
import { Button, Icon, IconButton } from "../parts";
import { phrases } from "../text";
import type { Bench } from "./bench";
import { GROUPS, type Group, type Parameter } from "./parameters";
import { Row } from "./row";
import { say, text } from "./text";

/** Groups that are open from the beginning: what most people come for. */
const OPEN = new Set(["size", "file"]);

/** Whether a parameter is meant by words in either language, or by its name in the address. */
function meant(parameter: Parameter, group: Group, words: string): boolean {
  const { name, label, hint } = parameter;
  const texts = [name, label.en, label.ru, hint?.en, hint?.ru, group.label.en, group.label.ru];
  return texts.some((given) => given?.toLowerCase().includes(words));
}

/** Every parameter in its group, and a search over all of them. */
export function Panel({ bench, variants }: { bench: Bench; variants: readonly string[] }) {
  const [search, setSearch] = useState("");
  const words = search.trim().toLowerCase();
  const groups = GROUPS.map((group) => ({
    group,
    parameters: group.parameters.filter((parameter) => !words || meant(parameter, group, words)),
  }));
  const found = groups.filter(({ parameters }) => parameters.length > 0);
  return (
    <section class="wb-panel" aria-label={text.controls()}>
      <div class="wb-panel-head">
        <label class="wb-search">
          <Icon shapes={searchIcon} size={16} />
          <span class="visually-hidden">{text.search()}</span>
          <input
            type="search"
            class="input"
            placeholder={text.searchShort()}
            value={search}
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
        </label>
        <IconButton icon={undoIcon} label={phrases.undo()} disabled={!bench.canUndo.value} onClick={bench.undo} />
        <IconButton icon={redoIcon} label={text.redo()} disabled={!bench.canRedo.value} onClick={bench.redo} />
        <Button kind="quiet" disabled={Object.keys(bench.values.value).length === 0} onClick={() => bench.replace({})}>
          {text.resetAll()}
        </Button>
      </div>
      {found.map(({ group, parameters }) => (
        <GroupOf key={group.id} bench={bench} group={group} parameters={parameters} variants={variants} searching={words !== ""} />
      ))}
      {found.length === 0 && (
        <p class="wb-nothing" role="status">
          {text.nothingFound({ words: search.trim() })}
        </p>
      )}
    </section>
  );
}

interface GroupProps {
  bench: Bench;
  group: Group;
  parameters: readonly Parameter[];
  variants: readonly string[];
  searching: boolean;
}

function GroupOf({ bench, group, parameters, variants, searching }: GroupProps) {
  const chosen = group.parameters.filter(({ name }) => name in bench.values.value).length;
  const [open, setOpen] = useState(OPEN.has(group.id) || chosen > 0);
  const isOpen = searching || open;
  return (
    <details class="wb-group" open={isOpen} onToggle={(event) => !searching && setOpen(event.currentTarget.open)}>
      <summary>
        <h2>{say(group.label)}</h2>
        {chosen > 0 && <span class="wb-chosen">{text.chosenCount({ count: chosen })}</span>}
        <Icon shapes={chevron} size={18} />
      </summary>
      {isOpen && (
        <div class="wb-group-rows">
          {parameters.map((parameter) => (
            <Row key={parameter.name} bench={bench} parameter={parameter} variants={variants} />
          ))}
        </div>
      )}
    </details>
  );
}
