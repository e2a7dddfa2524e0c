import { useEffect, useState } from "preact/hooks";
import { CURVED, readCurves, type Curves, type ImageInfo, type OutputFormat } from "../api";
import { describe, Plot } from "../parts";
import { format, formatName } from "../text";
import type { Comparison } from "./comparison";
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
    lined(
      name,
      whole.filter((variant) => variant.format === name).map(({ figures, bytes }) => ({ score: figures!.score!, bytes })),
    ),
  );
}

/** How many bytes each format needs for how good a look. It is measured when the files are made, which somebody waits for. */
export function CurvesOf({ comparison }: { comparison: Comparison }) {
  const { image, goal, formats, outcomes, busy } = comparison;
  const { curves, error, measure } = useCurves(image.id);
  const measurable = formats.value.filter((name) => CURVED.includes(name));
  const isReady = !busy.value && outcomes.value.size > 0;
  const wanted = measurable.filter((name) => !curves?.formats.some((curve) => curve.format === name)).join(",");
  useEffect(() => {
    if (!isReady || !wanted) return;
    const running = new AbortController();
    void measure(wanted.split(",") as OutputFormat[], running.signal);
    return () => running.abort();
  }, [isReady, wanted]);

  const chosen = curves?.formats.filter(({ format: name }) => formats.value.includes(name));
  const series = chosen ? chosen.map(({ format: name, points }) => lined(name, points)) : stored(image);
  const mark = goal.value.by === "look" ? { x: goal.value.score, label: text.goalMark() } : undefined;
  return (
    <section class="cmp-curves" aria-labelledby="cmp-curves-title">
      <h2 id="cmp-curves-title">{text.curves()}</h2>
      {series.some(({ points }) => points.length > 0) && (
        <Plot
          label={curves ? text.curvesHint({ width: String(curves.width), height: String(curves.height) }) : text.curvesMeasured()}
          series={series}
          x={{ label: text.axisScore(), say: (score) => format.number(score, 1), ticks: TICKS, from: LEAST_SCORE, to: 100 }}
          y={{ label: text.axisBytes(), say: format.bytes }}
          mark={mark}
        />
      )}
      {error === undefined ? (
        <p class="field-hint" role="status">
          {wanted && text.curvesMeasuring()}
        </p>
      ) : (
        <p class="field-hint">{describe(error).detail ?? text.curvesNone()}</p>
      )}
    </section>
  );
}

/** The curves that were measured so far. After a failure nothing is asked for again. */
function useCurves(id: string) {
  const [curves, setCurves] = useState<Curves | undefined>();
  const [error, fail] = useState<unknown>();
  const measure = async (wanted: readonly OutputFormat[], signal: AbortSignal) => {
    if (error !== undefined) return;
    try {
      const measured = await readCurves(id, wanted, SIDE, signal);
      setCurves((before) => ({ ...measured, formats: [...(before?.formats ?? []), ...measured.formats] }));
    } catch (reason) {
      if (!signal.aborted) fail(reason);
    }
  };
  return { curves, error, measure };
}
