import { useState } from "preact/hooks";
import { Button, ErrorNote, nameOf } from "../parts";
import { formatName, phrases } from "../text";
import type { Bench } from "./bench";
import { CropFrame } from "./crop-frame";
import { FocusMark } from "./focus-mark";
import { onPicture } from "./on-picture";
import { PARAMETERS } from "./parameters";
import { resultFormat } from "./parameters/needs";
import { say, text } from "./text";

/** The picture: the result, or the one on which a region or a point is set. */
export function Stage({ bench }: { bench: Bench }) {
  const [actual, setActual] = useState(false);
  const parameter = PARAMETERS.get(onPicture.value ?? "");
  const toResult = () => {
    onPicture.value = undefined;
  };
  return (
    <section class="wb-stage" aria-label={text.result()}>
      <div class="wb-stage-head" role="group" aria-label={text.views()}>
        <button type="button" class="wb-toggle" aria-pressed={!parameter} onClick={toResult}>
          {text.result()}
        </button>
        <button type="button" class="wb-toggle" aria-pressed={parameter?.name === "crop"} onClick={() => (onPicture.value = "crop")}>
          {text.drawCrop()}
        </button>
        {parameter && parameter.name !== "crop" && (
          <button type="button" class="wb-toggle" aria-pressed>
            {parameter.name === "gravity" ? text.setFocus() : text.setPlace()}
          </button>
        )}
        {!parameter && (
          <button type="button" class="wb-toggle wb-toggle-end" aria-pressed={actual} onClick={() => setActual(!actual)}>
            {text.actualSize()}
          </button>
        )}
      </div>
      <div class={["wb-sheet", bench.busy.value && "wb-sheet-busy"].filter(Boolean).join(" ")}>
        {!parameter && <Result bench={bench} actual={actual} />}
        {parameter?.control.kind === "crop" && (
          <CropFrame image={bench.image} value={bench.values.value.crop} onChange={(value) => bench.set("crop", value)} />
        )}
        {parameter?.control.kind === "place" && <FocusMark bench={bench} name={parameter.name} label={say(parameter.label)} />}
      </div>
      <Trouble bench={bench} />
    </section>
  );
}

function Result({ bench, actual }: { bench: Bench; actual: boolean }) {
  const shown = bench.shown.value;
  if (!shown) return <p class="wb-note">{bench.busy.value && text.making()}</p>;
  const format = formatName(resultFormat(bench.values.value, bench.image));
  return (
    <>
      {/* Larger than the sheet it can be scrolled, which keyboards have to reach, too. */}
      <div class={actual ? "wb-result wb-result-actual" : "wb-result"} tabIndex={actual ? 0 : undefined}>
        <img src={shown.url} alt={text.resultOf({ name: nameOf(bench.image) })} width={shown.width} height={shown.height} />
      </div>
      {shown.replaced && <p class="wb-note">{text.notShown({ format })}</p>}
    </>
  );
}

/** What went wrong, unless a control says it already. */
function Trouble({ bench }: { bench: Bench }) {
  const { value } = bench.problem;
  return value !== undefined && !bench.faulty.value ? (
    <ErrorNote error={value}>
      <Button onClick={bench.retry}>{phrases.again()}</Button>
    </ErrorNote>
  ) : null;
}
