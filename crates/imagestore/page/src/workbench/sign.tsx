import { useEffect, useState } from "preact/hooks";
import { may, signImage } from "../api";
import { Button, CopyButton, report, Select, TextField } from "../parts";
import { format } from "../text";
import type { Bench } from "./bench";
import { text } from "./text";

const HOUR = 3600;

const TERMS = [
  { value: String(HOUR), label: text.hour },
  { value: String(24 * HOUR), label: text.day },
  { value: String(7 * 24 * HOUR), label: text.week },
  { value: String(30 * 24 * HOUR), label: text.month },
];

/** A link that anybody may use for a time, also where the store asks for keys or signatures. */
export function Sign({ bench }: { bench: Bench }) {
  const [term, setTerm] = useState(String(HOUR));
  const [signed, setSigned] = useState<{ url: string; expires_at: string } | undefined>();
  const [busy, setBusy] = useState(false);
  const { query, format: extension } = bench.wanted.value;
  // A signature holds for one address only.
  useEffect(() => setSigned(undefined), [query, extension, term]);

  const run = async () => {
    setBusy(true);
    try {
      setSigned(await signImage(bench.image.id, { query, format: extension, expires_in: Number(term) }));
    } catch (error) {
      report(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <details class="wb-sign">
      <summary>{text.sign()}</summary>
      <p class="wb-note">{may("write") ? text.signHint() : text.maySign()}</p>
      <div class="wb-sign-line">
        <Select
          label={text.signFor()}
          value={term}
          options={TERMS.map(({ value, label }) => ({ value, label: label() }))}
          onChoose={setTerm}
        />
        <Button busy={busy} disabled={!may("write")} onClick={() => void run()}>
          {text.makeSigned()}
        </Button>
      </div>
      {signed && (
        <div class="wb-address-line">
          <TextField
            label={text.signedLink()}
            hint={text.signedUntil({ time: format.dateTime(signed.expires_at) })}
            value={signed.url}
            readOnly
            onFocus={(event) => event.currentTarget.select()}
          />
          <CopyButton value={signed.url} label={text.copySigned()} />
        </div>
      )}
    </details>
  );
}
