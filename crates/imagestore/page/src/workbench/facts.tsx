import type { ComponentChildren } from "preact";
import { format } from "../text";
import type { Bench, Shown } from "./bench";
import { text } from "./text";

/** Where the picture came from, as far as the plan and the browser tell. */
function origin({ rendition, plan }: Shown): string {
  if (rendition.fromBrowser) return text.fromBrowser();
  if (plan?.sends === "original") return text.fromOriginal();
  if (plan?.state === "memory") return text.fromMemory();
  return plan?.state === "stored" || plan?.sends === "variant" ? text.fromStored() : text.fromMade();
}

/** Size, bytes and time of what is shown. The size is read aloud when it has changed. */
export function Facts({ bench }: { bench: Bench }) {
  const shown = bench.shown.value;
  if (!shown) return null;
  const { rendition } = shown;
  const size = text.pixels({ width: String(shown.width), height: String(shown.height) });
  return (
    <>
      <p class="visually-hidden" role="status">
        {bench.busy.value ? "" : `${format.bytes(rendition.bytes)}, ${size}`}
      </p>
      <dl class="wb-facts" aria-label={text.facts()} aria-busy={bench.busy.value}>
        <Fact name={text.weight()}>
          {format.bytes(rendition.bytes)} <small>{text.ofOriginal({ part: format.percent(rendition.bytes / bench.image.bytes, 1) })}</small>
        </Fact>
        <Fact name={text.size()}>{size}</Fact>
        <Fact name={text.time()}>{format.duration(rendition.seconds)}</Fact>
        <Fact name={text.from()}>{origin(shown)}</Fact>
        {rendition.score !== undefined && (
          <Fact name={text.score()}>{text.scoreOf({ score: format.number(rendition.score, 1), tries: rendition.tries ?? 1 })}</Fact>
        )}
        {rendition.quality !== undefined && <Fact name={text.qualityFound()}>{rendition.quality}</Fact>}
      </dl>
    </>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
