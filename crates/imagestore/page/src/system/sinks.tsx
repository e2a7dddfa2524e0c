import { useState } from "preact/hooks";
import type { Sink } from "../api";
import { Button } from "../parts";
import type { Fetched } from "../parts/fetched";
import { format } from "../text";
import { DeadLetters } from "./dead-letters";
import { text } from "./text";
import { Waiting } from "./waiting";

const states: Record<Sink["state"], () => string> = { taking: text.taking, away: text.sinkAway, gone: text.gone };

/** Who is told what happens here, and what could not be told. */
export function Sinks({ fetched }: { fetched: Fetched<readonly Sink[] | undefined> }) {
  const [opened, open] = useState<string | undefined>();
  const sinks = fetched.value.value;
  const close = () => {
    open(undefined);
    void fetched.reload();
  };
  return (
    <section aria-labelledby="system-sinks">
      <h2 id="system-sinks">{text.sinks()}</h2>
      {!sinks ? <Waiting fetched={fetched} /> : sinks.length === 0 ? <p class="system-soft">{text.noSinks()}</p> : (
        <div class="table-frame" tabIndex={0} role="group" aria-labelledby="system-sinks">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">{text.receiver()}</th>
                <th scope="col">{text.state()}</th>
                <th scope="col" class="table-number">{text.waiting()}</th>
                <th scope="col" class="table-number">{text.sent()}</th>
                <th scope="col" class="table-number">{text.deadLetters()}</th>
              </tr>
            </thead>
            <tbody>{sinks.map((sink) => <Row key={sink.name} sink={sink} onOpen={() => open(sink.name)} />)}</tbody>
          </table>
        </div>
      )}
      {opened && <DeadLetters sink={opened} onClose={close} />}
    </section>
  );
}

function Row({ sink, onOpen }: { sink: Sink; onOpen: () => void }) {
  const { name, state, waiting, sent, dead_letters, last_error, last_error_at, last_delivery_at } = sink;
  // Of what went wrong before the last success nobody has to be told.
  const isTroubled = last_error_at !== null && (last_delivery_at === null || Date.parse(last_delivery_at) < Date.parse(last_error_at));
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>
        <span class={state === "taking" ? "system-good" : "system-warn"}>{states[state]()}</span>
        {isTroubled && last_error && <p class="system-soft">{text.lastError({ error: last_error, when: format.ago(last_error_at) })}</p>}
      </td>
      <td class="table-number">{format.number(waiting)}</td>
      <td class="table-number">{format.number(sent)}</td>
      <td class="table-number">{dead_letters > 0 ? <Button onClick={onOpen}>{text.showLetters({ count: dead_letters })}</Button> : format.number(0)}</td>
    </tr>
  );
}
