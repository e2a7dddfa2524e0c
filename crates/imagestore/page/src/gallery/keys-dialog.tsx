import { Dialog } from "../parts";
import { text } from "./text";

/** What the keyboard does in the gallery. */
export function KeysDialog({ onClose }: { onClose: () => void }) {
  const keys: readonly (readonly [string, string])[] = [
    ["← ↑ → ↓", text.keyArrows()],
    ["Home, End", text.keyEnds()],
    ["Page Up, Page Down", text.keyPages()],
    ["Enter", text.keyOpen()],
    [text.space(), text.keySelect()],
    [`Shift + ← ↑ → ↓, Shift + ${text.space()}`, text.keyRange()],
    ["Ctrl + A", text.keyAll()],
    ["Delete", text.keyDelete()],
    ["Escape", text.keyEscape()],
    ["/", text.keySearch()],
    ["?", text.keyHelp()],
  ];
  return (
    <Dialog title={text.keys()} onClose={onClose}>
      <dl class="keys">
        {keys.map(([key, does]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{does}</dd></div>)}
      </dl>
    </Dialog>
  );
}
