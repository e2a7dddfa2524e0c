import { describe } from "../parts";
import type { OutputFormat } from "../api";
import { format, formatName } from "../text";
import { savedPart, type Comparison, type Outcome } from "./comparison";
import { text } from "./text";

/** What came of each format, and which of them is looked at. */
export function Results({ comparison }: { comparison: Comparison }) {
  const { image, outcomes, formats, smallest, chosen, pinned, width } = comparison;
  const shown = chosen.value;
  const done = shown && outcomes.value.get(shown);
  return (
    <section class="cmp-results" aria-label={text.results()}>
      <p class="cmp-original">{text.originalBytes({ bytes: format.bytes(image.bytes), format: formatName(image.format) })}</p>
      <div class="cmp-table" role="group" aria-label={text.results()} tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{text.format()}</th>
              <th scope="col">{text.bytes()}</th>
              <th scope="col">{text.saved()}</th>
              <th scope="col">{text.scoreColumn()}</th>
              <th scope="col">{text.tries()}</th>
              <th scope="col">{text.time()}</th>
            </tr>
          </thead>
          <tbody>
            {formats.value
              .filter((candidate) => outcomes.value.has(candidate))
              .map((candidate) => (
                <ResultRow
                  key={candidate}
                  name={candidate}
                  outcome={outcomes.value.get(candidate)!}
                  saved={(bytes) => savedPart(image, bytes)}
                  isShown={candidate === shown}
                  isSmallest={candidate === smallest.value}
                  onShow={() => (pinned.value = candidate)}
                />
              ))}
          </tbody>
        </table>
      </div>
      {width.value && <p class="field-hint">{text.sameSize()}</p>}
      <p class="visually-hidden" role="status">
        {!comparison.busy.value && done?.rendition
          ? text.summaryDone({
              format: formatName(shown!),
              bytes: format.bytes(done.rendition.bytes),
              saved: format.percent(savedPart(image, done.rendition.bytes)),
            })
          : ""}
      </p>
    </section>
  );
}

interface RowProps {
  name: OutputFormat;
  outcome: Outcome;
  saved: (bytes: number) => number;
  isShown: boolean;
  isSmallest: boolean;
  onShow: () => void;
}

function ResultRow({ name, outcome, saved, isShown, isSmallest, onShow }: RowProps) {
  const label = (
    <th scope="row">
      <label class="cmp-way">
        <input
          type="radio"
          name="shown"
          checked={isShown}
          aria-label={text.show({ format: formatName(name) })}
          disabled={outcome.state === "failed"}
          onChange={onShow}
        />
        {formatName(name)}
      </label>
    </th>
  );
  if (outcome.state === "failed") {
    return (
      <tr>
        {label}
        <td colSpan={5} class="cmp-bad">
          {describe(outcome.error).detail}
        </td>
      </tr>
    );
  }
  const { rendition } = outcome;
  if (!rendition) {
    return (
      <tr>
        {label}
        <td colSpan={5}>{text.searching()}</td>
      </tr>
    );
  }
  const part = saved(rendition.bytes);
  return (
    <tr class={outcome.state === "making" ? "cmp-old" : undefined}>
      {label}
      <td>
        {format.bytes(rendition.bytes)} {isSmallest && <small class="cmp-best">{text.smallest()}</small>}
      </td>
      <td class={part < 0 ? "cmp-bad" : undefined}>{part < 0 ? text.larger() : format.percent(part)}</td>
      <td>{rendition.score === undefined ? "–" : format.number(rendition.score, 1)}</td>
      <td>{rendition.tries ?? "–"}</td>
      <td>{format.duration(rendition.seconds)}</td>
    </tr>
  );
}
