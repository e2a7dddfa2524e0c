import { useComputed } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Button, Progress } from "../parts";
import { format } from "../text";
import { pace } from "./pace";
import { clearDone, counts, isBusy, items, pauseAll, resumeAll, retryAll } from "./queue";
import { Row } from "./row";
import { text } from "./text";

/** Everything that was added, with how far all of it is. */
export function List() {
  return items.value.length > 0 ? <Filled /> : null;
}

function Filled() {
  const summary = useRef<HTMLDivElement>(null);
  // On phones it begins below what is seen.
  useEffect(() => summary.current!.scrollIntoView({ block: "nearest" }), []);
  return (
    <section class="upload-list" aria-labelledby="upload-list">
      <h2 id="upload-list">{text.list()}</h2>
      <div ref={summary} class="upload-summary"><Summary /></div>
      <ul>{items.value.map((item) => <Row key={item.id} item={item} />)}</ul>
    </section>
  );
}

function Summary() {
  const { done, failed, paused, waiting, sending } = counts.value;
  const all = items.value.length;
  return (
    <>
      <div class="upload-summary-words">
        <Said />
        {isBusy.value && <Progress label={text.progressAll()} value={total()} />}
      </div>
      <div class="upload-summary-buttons">
        {waiting + sending > 0 && <Button onClick={pauseAll}>{text.pauseAll()}</Button>}
        {paused > 0 && <Button onClick={resumeAll}>{text.resumeAll()}</Button>}
        {failed > 0 && <Button onClick={retryAll}>{text.retryAll()}</Button>}
        {done > 0 && all > 0 && <Button kind="quiet" onClick={clearDone}>{text.clearDone()}</Button>}
      </div>
    </>
  );
}

/** By bytes; where only addresses are fetched, whose size nobody knows, by their number. */
function total(): number {
  const { bytes, sent } = pace.value;
  const { done, failed } = counts.value;
  return bytes > 0 ? sent / bytes : (done + failed) / items.value.length;
}

function Said() {
  const figures = useComputed(() => {
    const { done, failed } = counts.value;
    const all = items.value.length;
    return [done === all ? text.allDone({ count: done }) : text.doneOf({ done, all }), failed > 0 ? text.failedCount({ count: failed }) : ""].filter(Boolean).join(" · ");
  });
  const { rate, left } = pace.value;
  const speed = isBusy.value && rate > 0 ? [text.rate({ rate: format.bytes(rate) }), left !== undefined && left > 1 ? text.timeLeft({ time: format.duration(left) }) : ""].filter(Boolean).join(" · ") : "";
  return (
    <p>
      <span role="status">{figures}</span>
      {speed && <span class="upload-note"> · {speed}</span>}
    </p>
  );
}
