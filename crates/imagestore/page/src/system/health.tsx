import okIcon from "icon:circle-check";
import awayIcon from "icon:circle-dashed";
import failingIcon from "icon:circle-alert";
import type { Health as Document, HealthState } from "../api";
import { Icon, type Shapes } from "../parts";
import type { Fetched } from "../parts/fetched";
import { format } from "../text";
import { text } from "./text";
import { Waiting } from "./waiting";

const looks: Record<HealthState, { icon: Shapes; name: () => string; all: () => string }> = {
  ok: { icon: okIcon, name: text.ok, all: text.allWell },
  away: { icon: awayIcon, name: text.away, all: text.someAway },
  failing: { icon: failingIcon, name: text.failing, all: text.someFailing },
};

const parts: Record<string, () => string> = {
  catalog: text.partCatalog,
  blobs: text.partBlobs,
  workers: text.partWorkers,
  compressors: text.partCompressors,
};

function nameOf(part: string): string {
  const receiver = /^events: (.*)$/.exec(part)?.[1];
  return receiver ? text.partEvents({ name: receiver }) : (parts[part]?.() ?? part);
}

export function Health({ fetched }: { fetched: Fetched<Document> }) {
  const health = fetched.value.value;
  // What was known of a service that does not answer any more is not true any more.
  const isLost = fetched.error.value !== undefined;
  return (
    <section aria-labelledby="system-health">
      <h2 id="system-health">{text.health()}</h2>
      {!health || isLost ? <Waiting fetched={fetched} /> : (
        <>
          <p class={`system-state system-${health.state}`} role="status"><Icon shapes={looks[health.state].icon} />{looks[health.state].all()}</p>
          <ul class="system-parts">
            {health.parts.map(({ name, state, since, detail }) => (
              <li key={name} class={`system-${state}`}>
                <Icon shapes={looks[state].icon} />
                <div>
                  <p>{nameOf(name)}</p>
                  <p class="system-soft">{looks[state].name()}{since && `, ${text.since({ when: format.dateTime(since) })}`}</p>
                  {detail && <p class="system-detail">{detail}</p>}
                </div>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
