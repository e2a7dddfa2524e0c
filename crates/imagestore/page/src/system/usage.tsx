import type { Usage as Document } from "../api";
import { Progress } from "../parts";
import type { Fetched } from "../parts/fetched";
import { format } from "../text";
import { text } from "./text";
import { Waiting } from "./waiting";

/** What one keeps, and may keep. */
export function Usage({ fetched }: { fetched: Fetched<Document> }) {
  const known = fetched.value.value;
  return (
    <section aria-labelledby="system-usage">
      <h2 id="system-usage">{text.usage()}</h2>
      {!known ? <Waiting fetched={fetched} /> : (
        <dl class="system-usage">
          <Bound name={text.images()} used={known.usage.images} most={known.quotas.max_images} say={(count) => format.number(count)} />
          <Bound name={text.space()} used={known.usage.bytes} most={known.quotas.max_bytes} say={format.bytes} />
          {known.quotas.requests_per_minute !== null && (
            <div>
              <dt>{text.requests()}</dt>
              <dd>{text.atMost({ most: known.quotas.requests_per_minute })}</dd>
            </div>
          )}
        </dl>
      )}
    </section>
  );
}

/** From here on it is worth a thought what to delete. */
const NEARLY_FULL = 0.9;

function Bound({ name, used, most, say }: { name: string; used: number; most: number | null; say: (value: number) => string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {most === null ? text.noBound({ used: say(used) }) : text.of({ used: say(used), most: say(most) })}
        {most !== null && <Progress label={name} value={most > 0 ? used / most : 1} kind={used >= most * NEARLY_FULL ? "bad" : undefined} />}
      </dd>
    </div>
  );
}
