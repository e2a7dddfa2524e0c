import { useEffect, useState } from "preact/hooks";
import { CopyButton, Field } from "../parts";
import { read } from "./address";
import type { Bench } from "./bench";
import { Sign } from "./sign";
import { text } from "./text";

interface Said {
  words: string;
  bad?: boolean;
  /** Another picture, which the address was of. */
  other?: string;
}

/** The address of the result, written as one plays; another one that is pasted or typed is read back into the controls. */
export function AddressBar({ bench }: { bench: Bench }) {
  const address = window.location.origin + bench.wanted.value.path;
  const [draft, setDraft] = useState<string | undefined>();
  const [said, say] = useState<Said | undefined>();
  // What was said of a pasted address holds until something is chosen by hand.
  useEffect(() => setDraft(undefined), [address]);

  const take = (pasted: string) => {
    const found = read(pasted);
    if (!found) {
      setDraft(pasted);
      say({ words: text.notAnAddress(), bad: true });
      return;
    }
    setDraft(undefined);
    bench.replace(found.values);
    const other = found.id && found.id !== bench.image.id ? found.id : undefined;
    const unknown = found.unknown.length > 0 ? text.unknownParameters({ names: found.unknown.join(", ") }) : "";
    const words = [other && text.otherImage(), unknown].filter(Boolean).join(" ");
    say(words ? { words, other } : undefined);
  };
  const settle = (typed: string) => typed !== address && take(typed);

  return (
    <section class="wb-address" aria-label={text.address()}>
      <div class="wb-address-line">
        <Field label={text.address()} hint={text.addressHint()} error={said?.bad ? said.words : undefined}>
          {(wiring) => (
            <textarea
              {...wiring}
              class="input wb-url"
              rows={2}
              spellcheck={false}
              autocomplete="off"
              value={draft ?? address}
              onFocus={(event) => event.currentTarget.select()}
              onInput={(event) => setDraft(event.currentTarget.value)}
              onPaste={(event) => {
                const pasted = event.clipboardData?.getData("text") ?? "";
                if (!read(pasted)?.id) return;
                event.preventDefault();
                take(pasted);
              }}
              onKeyDown={(event) => {
                if (event.key !== "Enter") return;
                event.preventDefault();
                settle(event.currentTarget.value);
              }}
              onChange={(event) => settle(event.currentTarget.value)}
            />
          )}
        </Field>
        <CopyButton value={address} label={text.copyAddress()} />
      </div>
      {said && !said.bad && (
        <p class="wb-note" role="status">
          {said.words} {said.other && <a href={`/ui/transform/${said.other}?${bench.wanted.value.query}`}>{text.openImage()}</a>}
        </p>
      )}
      <Sign bench={bench} />
    </section>
  );
}
