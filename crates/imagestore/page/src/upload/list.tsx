import { useComputed, useSignal, type ReadonlySignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Button, Progress } from "../parts";
import { format } from "../text";
import { pace } from "./pace";
import { clearDone, counts, isBusy, items, pauseAll, resumeAll, retryAll } from "./queue";
import { Row } from "./row";
import { text } from "./text";

/** How far down the window the list may begin and still be noticed. */
const MOSTLY_SEEN = 0.8;

/** Everything that was added, with how far all of it is. */
export function List() {
  return items.value.length > 0 ? <Filled /> : null;
}

function Filled() {
  const summary = useRef<HTMLDivElement>(null);
  // On phones it begins below what is seen.
  useEffect(() => {
    if (summary.current!.getBoundingClientRect().bottom > innerHeight * MOSTLY_SEEN) summary.current!.scrollIntoView({ block: "center" });
  }, []);
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
        {done > 0 && <Button kind="quiet" onClick={clearDone}>{text.clearDone()}</Button>}
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

/** Reading each file aloud would leave no room for anything else. */
const ANNOUNCED_EVERY = 5_000;

function Announced({ figures }: { figures: ReadonlySignal<string> }) {
  const said = useSignal("");
  const busy = isBusy.value;
  useEffect(() => {
    const say = () => {
      said.value = figures.peek();
    };
    if (!busy) return say();
    const timer = setInterval(say, ANNOUNCED_EVERY);
    return () => clearInterval(timer);
  }, [busy]);
  return <span class="visually-hidden" role="status">{said}</span>;
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
      <span aria-hidden="true">{figures}</span>
      <Announced figures={figures} />
      {speed && <span class="upload-note"> · {speed}</span>}
    </p>
  );
}
