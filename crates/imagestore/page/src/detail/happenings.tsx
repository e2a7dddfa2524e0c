import { useEffect, useState } from "preact/hooks";
import { onEvent, type EventKind } from "../api";
import { format } from "../text";
import { text } from "./text";

const KINDS = [
  "image.changed", "image.replaced", "image.deleted", "image.restored", "image.purged", "variant.stored",
  "job.queued", "job.leased", "job.progress", "job.done", "job.failed", "job.dead", "job.cancelled",
] as const satisfies readonly EventKind[];

type Kind = (typeof KINDS)[number];

interface Happening {
  at: Date;
  kind: Kind;
  name: string;
  progress: number;
}

const MOST = 20;

/** What happens to an image while it is looked at, the latest first. */
export function Happenings({ id, onChange }: { id: string; onChange: (kind: Kind) => void }) {
  const [seen, see] = useState<readonly Happening[]>([]);
  useEffect(() => {
    see([]);
    return onEvent(KINDS, (data, kind) => {
      const of = "image_id" in data ? data.image_id : data.id;
      if (of !== id) return;
      const happening = { at: new Date(), kind, name: "variant" in data ? data.variant.variant : "", progress: "progress" in data ? data.progress : 0 };
      // Of a job that goes on only its latest progress is kept.
      see((before) => [happening, ...before.filter((old, at) => !(at === 0 && kind === "job.progress" && old.kind === kind))].slice(0, MOST));
      onChange(kind);
    });
  }, [id]);
  return (
    <section class="detail-section">
      <h2>{text.events()}</h2>
      {seen.length === 0 && <p class="detail-note">{text.noEvents()}</p>}
      <div class="detail-events" role="log" aria-label={text.events()}>
        <ol>
          {seen.map((happening, at) => <li key={seen.length - at}><time dateTime={happening.at.toISOString()}>{format.time(happening.at)}</time><span>{say(happening)}</span></li>)}
        </ol>
      </div>
    </section>
  );
}

function say({ kind, name, progress }: Happening): string {
  if (kind === "variant.stored") return text[kind]({ name });
  if (kind === "job.progress") return text[kind]({ progress });
  return text[kind]();
}
