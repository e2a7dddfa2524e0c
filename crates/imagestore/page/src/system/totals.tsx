import type { Stats } from "../api";
import type { Fetched } from "../parts/fetched";
import { format, formatName } from "../text";
import { text } from "./text";
import { Waiting } from "./waiting";

interface Figure {
  name: string;
  value: string;
  note?: string;
}

function figures({ images, variants, masters, compression, jobs }: Stats): Figure[] {
  const open = jobs.queued + jobs.leased + jobs.running;
  const shown: Figure[] = [
    { name: text.imagesTotal(), value: format.number(images.count), note: text.originals({ count: images.originals }) },
    { name: text.originalBytes(), value: format.bytes(images.bytes) },
    { name: text.saved(), value: format.bytes(compression.bytes_saved), note: text.savedBy({ count: compression.variants }) },
    { name: text.variants(), value: format.number(variants.count), note: format.bytes(variants.bytes) },
    { name: text.masters(), value: format.number(masters.done), note: [format.bytes(masters.bytes), masters.pending > 0 ? text.mastersPending({ count: masters.pending }) : ""].filter(Boolean).join(", ") },
    { name: text.jobs(), value: format.number(Object.values(jobs).reduce((sum, count) => sum + count, 0)), note: [open > 0 ? text.jobsOpen({ count: open }) : "", jobs.failed + jobs.dead > 0 ? text.jobsFailed({ count: jobs.failed + jobs.dead }) : ""].filter(Boolean).join(", ") },
  ];
  if (images.deleted.count > 0) shown.push({ name: text.deleted(), value: format.number(images.deleted.count), note: format.bytes(images.deleted.bytes) });
  return shown;
}

export function Totals({ fetched }: { fetched: Fetched<Stats | undefined> }) {
  const stats = fetched.value.value;
  return (
    <section aria-labelledby="system-totals">
      <h2 id="system-totals">{text.totals()}</h2>
      {!stats ? <Waiting fetched={fetched} /> : (
        <>
          <dl class="system-figures">
            {figures(stats).map(({ name, value, note }) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd><span class="system-value">{value}</span>{note && <span class="system-soft">{note}</span>}</dd>
              </div>
            ))}
          </dl>
          {stats.images.count > 0 && <Formats stats={stats} />}
        </>
      )}
    </section>
  );
}

function Formats({ stats }: { stats: Stats }) {
  const rows = Object.entries(stats.images.formats).filter(([, { count }]) => count > 0).sort(([, a], [, b]) => b.bytes - a.bytes);
  return (
    <table class="table system-formats">
      <caption>{text.formats()}</caption>
      <thead><tr><th scope="col">{text.format()}</th><th scope="col" class="table-number">{text.images()}</th><th scope="col" class="table-number">{text.bytes()}</th></tr></thead>
      <tbody>
        {rows.map(([name, { count, bytes }]) => (
          <tr key={name}><th scope="row">{formatName(name)}</th><td class="table-number">{format.number(count)}</td><td class="table-number">{format.bytes(bytes)}</td></tr>
        ))}
      </tbody>
    </table>
  );
}
