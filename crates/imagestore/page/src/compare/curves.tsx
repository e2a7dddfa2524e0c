import { useState } from "preact/hooks";
import { CURVED, Problem, readCurves, type Curves, type ImageInfo } from "../api";
import { Button, Plot, report } from "../parts";
import { format } from "../text";
import type { Comparison } from "./comparison";
import { formatName } from "./goal";
import { text } from "./text";

/** Scores below this are for nobody: the plot leaves them out. */
const LEAST_SCORE = 30;
/** The longer side of the copy that is measured: as much as takes a second or two. */
const SIDE = 800;
const TICKS = [30, 40, 50, 60, 70, 80, 90, 100];

interface Series {
  name: string;
  points: { x: number; y: number }[];
}

/** Points in the order in which a line goes through them. */
const lined = (name: string, points: readonly { score: number; bytes: number }[]): Series => ({
  name: formatName(name),
  points: points
    .filter(({ score }) => score >= LEAST_SCORE)
    .map(({ score, bytes }) => ({ x: score, y: bytes }))
    .sort((a, b) => a.x - b.x),
});

/** What is known of the whole picture anyway: the stored variants whose score was measured. */
function stored(image: ImageInfo): Series[] {
  const whole = image.variants.filter(({ figures, width }) => figures?.score != null && width === image.width);
  const formats = [...new Set(whole.map(({ format: name }) => name))];
  return formats.map((name) =>
    lined(name, whole.filter((variant) => variant.format === name).map(({ figures, bytes }) => ({ score: figures!.score!, bytes }))),
  );
}

/** How many bytes each format needs for how good a look. It is measured when somebody asks, since that is work. */
export function CurvesOf({ comparison }: { comparison: Comparison }) {
  const { image, goal, formats } = comparison;
  const [curves, setCurves] = useState<Curves | undefined>();
  const [busy, setBusy] = useState(false);
  const [offered, setOffered] = useState(true);
  const measurable = formats.value.filter((name) => CURVED.includes(name));
  const measure = async () => {
    setBusy(true);
    try {
      setCurves(await readCurves(image.id, measurable, SIDE));
    } catch (error) {
      if (error instanceof Problem && error.status === 404) setOffered(false);
      else report(error);
    } finally {
      setBusy(false);
    }
  };
  const series = curves ? curves.formats.map(({ format: name, points }) => lined(name, points)) : stored(image);
  const mark = goal.value.by === "look" ? { x: goal.value.score, label: text.goalMark() } : undefined;
  return (
    <section class="cmp-curves" aria-labelledby="cmp-curves-title">
      <div class="cmp-curves-head">
        <h2 id="cmp-curves-title">{text.curves()}</h2>
        {offered && (
          <Button busy={busy} disabled={measurable.length === 0} onClick={() => void measure()}>
            {busy ? text.curvesMeasuring() : text.curvesMeasure()}
          </Button>
        )}
      </div>
      {series.some(({ points }) => points.length > 0) && (
        <Plot
          label={curves ? text.curvesHint({ width: String(curves.width), height: String(curves.height) }) : text.curvesMeasured()}
          series={series}
          x={{ label: text.axisScore(), say: (score) => format.number(score, 1), ticks: TICKS, from: LEAST_SCORE, to: 100 }}
          y={{ label: text.axisBytes(), say: format.bytes }}
          mark={mark}
        />
      )}
      {!offered && <p class="field-hint">{text.curvesNone()}</p>}
    </section>
  );
}
