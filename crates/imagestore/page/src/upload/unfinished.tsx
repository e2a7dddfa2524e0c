import { useEffect, useState } from "preact/hooks";
import trash from "icon:trash";
import { IconButton, Progress, report } from "../parts";
import { format } from "../text";
import { isBusy } from "./queue";
import type { Unfinished as Left } from "./resumable";
import { text } from "./text";

/** As the tus client names what it remembers. It is fetched only if there is something. */
const remembers = () => Object.keys(localStorage).some((key) => key.startsWith("tus::"));

/** Uploads that were cut off when the page was closed. */
export function Unfinished() {
  const [left, setLeft] = useState<readonly Left[]>([]);
  const busy = isBusy.value;
  useEffect(() => {
    if (!remembers()) return setLeft([]);
    void import("./resumable").then(({ listUnfinished }) => listUnfinished()).then(setLeft, report);
  }, [busy]);

  const discard = async (upload: Left) => {
    setLeft(left.filter((other) => other !== upload));
    try {
      const { giveUp } = await import("./resumable");
      await giveUp(upload.address, upload.key);
    } catch (error) {
      report(error);
    }
  };

  if (left.length === 0) return null;
  return (
    <section class="upload-unfinished" aria-labelledby="upload-unfinished">
      <h2 id="upload-unfinished">{text.unfinished()}</h2>
      <p class="field-hint">{text.unfinishedHint()}</p>
      <ul>
        {left.map((upload) => (
          <li key={upload.address} class="upload-row">
            <div class="upload-row-words">
              <p class="upload-name">{upload.name}</p>
              <Progress label={text.progressOf({ name: upload.name })} value={upload.bytes > 0 ? upload.sent / upload.bytes : 0} />
              <p class="upload-note">{text.partThere({ sent: format.bytes(upload.sent), bytes: format.bytes(upload.bytes) })}</p>
            </div>
            <IconButton icon={trash} label={text.discard({ name: upload.name })} onClick={() => void discard(upload)} />
          </li>
        ))}
      </ul>
    </section>
  );
}
