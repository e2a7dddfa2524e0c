import { useEffect, useId, useRef, useState } from "preact/hooks";
import { domain, scaleOf, stepped } from "./plot-scale";
import { text } from "./text";

export interface PlotPoint {
  x: number;
  y: number;
}

export interface PlotSeries {
  name: string;
  points: readonly PlotPoint[];
}

interface Axis {
  label: string;
  /** How a value is written at the axis and in the table. */
  say: (value: number) => string;
  /** Where the axis has marks; round numbers if nothing is said. */
  ticks?: readonly number[];
  /** Where it begins and ends; the figures decide if nothing is said. */
  from?: number;
  to?: number;
}

interface PlotProps {
  /** What the plot shows. */
  label: string;
  series: readonly PlotSeries[];
  x: Axis;
  y: Axis;
  look?: "line" | "bars";
  height?: number;
  /** A line across at one value of `x`, such as a goal. */
  mark?: { x: number; label: string };
}

const MARGIN = { top: 12, right: 12, bottom: 40, left: 64 };
const NARROWEST = 240;
/** As many colours as there are tokens for series. */
const COLOURS = 5;

/** Lines or bars over a value, readable by pointer, by arrow keys and as a table. */
export function Plot({ label, series, x, y, look = "line", height = 220, mark }: PlotProps) {
  const id = useId();
  const [frame, width] = useWidth();
  const [at, read] = useState<number | undefined>();
  const filled = series.filter(({ points }) => points.length > 0);
  const xs = [...new Set(filled.flatMap(({ points }) => points.map((point) => point.x)))].sort((a, b) => a - b);
  const half = look === "bars" && xs.length > 1 ? (xs[xs.length - 1]! - xs[0]!) / (xs.length - 1) / 2 : 0;
  const [fromX, toX] = domain(xs, x.from, x.to);
  const [fromY, toY] = domain([0, ...filled.flatMap(({ points }) => points.map((point) => point.y))], y.from, y.to);
  const acrossX = scaleOf([fromX - half, toX + half], [MARGIN.left, width - MARGIN.right]);
  const upY = scaleOf([fromY, toY], [height - MARGIN.bottom, MARGIN.top]);
  const ticksX = x.ticks ?? distinct(stepped(fromX, toX, Math.max(2, Math.floor((width - MARGIN.left) / 90))), x);
  const ticksY = y.ticks ?? distinct(stepped(fromY, toY, 4), y);
  const nearest = at === undefined ? undefined : xs[Math.min(at, xs.length - 1)];

  const follow = (event: PointerEvent & { currentTarget: SVGSVGElement }) => {
    const px = event.clientX - event.currentTarget.getBoundingClientRect().left;
    const distances = xs.map((value) => Math.abs(acrossX(value) - px));
    read(distances.indexOf(Math.min(...distances)));
  };
  const step = (event: KeyboardEvent) => {
    const last = xs.length - 1;
    const to = { ArrowRight: (at ?? -1) + 1, ArrowLeft: (at ?? last + 1) - 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    read(Math.min(Math.max(to, 0), last));
  };

  return (
    <figure class="plot" ref={frame}>
      <figcaption id={id} class="plot-caption">
        <span>{label}</span>
        {filled.length > 1 && (
          <span class="plot-legend">
            {filled.map(({ name }) => (
              <span key={name} class={`plot-key plot-series-${(series.findIndex((other) => other.name === name) % COLOURS) + 1}`}>
                {name}
              </span>
            ))}
          </span>
        )}
      </figcaption>
      <svg
        class="plot-picture"
        width={width}
        height={height}
        role="img"
        aria-labelledby={id}
        tabIndex={0}
        onPointerMove={follow}
        onPointerLeave={() => read(undefined)}
        onBlur={() => read(undefined)}
        onKeyDown={step}
      >
        {ticksY.map((value) => (
          <g key={value} class="plot-tick">
            <line x1={MARGIN.left} x2={width - MARGIN.right} y1={upY(value)} y2={upY(value)} />
            <text x={MARGIN.left - 8} y={upY(value)} text-anchor="end" dominant-baseline="middle">
              {y.say(value)}
            </text>
          </g>
        ))}
        {ticksX.map((value) => (
          <text key={value} class="plot-tick" x={acrossX(value)} y={height - MARGIN.bottom + 16} text-anchor="middle">
            {x.say(value)}
          </text>
        ))}
        <text class="plot-axis" x={width - MARGIN.right} y={height - 4} text-anchor="end">
          {x.label}
        </text>
        {mark && mark.x >= fromX && mark.x <= toX && (
          <g class="plot-mark">
            <line x1={acrossX(mark.x)} x2={acrossX(mark.x)} y1={MARGIN.top} y2={height - MARGIN.bottom} />
            <MarkLabel at={acrossX(mark.x)} label={mark.label} />
          </g>
        )}
        {nearest !== undefined && (
          <line class="plot-cursor" x1={acrossX(nearest)} x2={acrossX(nearest)} y1={MARGIN.top} y2={height - MARGIN.bottom} />
        )}
        {series.map(({ name, points }, index) => (
          <g key={name} class={`plot-series-${(index % COLOURS) + 1}`}>
            {look === "line" && (
              <polyline class="plot-line" points={points.map((point) => `${acrossX(point.x)},${upY(point.y)}`).join(" ")} />
            )}
            {points.map((point) =>
              look === "line" ? (
                <circle key={point.x} class="plot-dot" cx={acrossX(point.x)} cy={upY(point.y)} r={point.x === nearest ? 5 : 3} />
              ) : (
                <Bar key={point.x} point={point} width={acrossX(2 * half) - acrossX(0) || 24} acrossX={acrossX} upY={upY} />
              ),
            )}
          </g>
        ))}
      </svg>
      <p class="plot-reading" role="status">
        {nearest !== undefined && `${x.label} ${x.say(nearest)}: ${said(filled, nearest, y, filled.length > 1)}`}
      </p>
      <FiguresTable label={label} series={filled} x={x} y={y} />
    </figure>
  );
}

/** The room that the name of a mark has beside it, in pixels. */
const MARK_ROOM = 80;

/** Before its line, where curves that rise are still below it; behind it if there is no room. */
function MarkLabel({ at, label }: { at: number; label: string }) {
  const hasRoom = at - MARGIN.left >= MARK_ROOM;
  return <text x={hasRoom ? at - 4 : at + 4} y={MARGIN.top + 4} text-anchor={hasRoom ? "end" : "start"}>{label}</text>;
}

/** Parts of what is counted in whole numbers are written as the whole number beside them, and are no marks. */
const distinct = (ticks: readonly number[], { say }: Axis) =>
  ticks.filter((tick) => Number.isInteger(tick) || !ticks.some((other) => other !== tick && say(other) === say(tick)));

/** What there is at one place, of each series that has something there. */
function said(series: readonly PlotSeries[], x: number, y: Axis, named: boolean): string {
  return series
    .flatMap(({ name, points }) =>
      points.filter((point) => point.x === x).map((point) => (named ? `${name} ${y.say(point.y)}` : y.say(point.y))),
    )
    .join(", ");
}

function Bar({
  point,
  width,
  acrossX,
  upY,
}: {
  point: PlotPoint;
  width: number;
  acrossX: (x: number) => number;
  upY: (y: number) => number;
}) {
  const broad = Math.max(1, width * 0.7);
  const top = Math.min(upY(point.y), upY(0));
  return <rect class="plot-bar" x={acrossX(point.x) - broad / 2} y={top} width={broad} height={Math.abs(upY(0) - upY(point.y))} />;
}

function FiguresTable({ label, series, x, y }: { label: string; series: readonly PlotSeries[]; x: Axis; y: Axis }) {
  return (
    <details class="plot-figures">
      <summary>{text.asTable()}</summary>
      <div class="plot-table" tabIndex={0} role="region" aria-label={label}>
        <table>
          <thead>
            <tr>
              {series.length > 1 && <th scope="col">{text.series()}</th>}
              <th scope="col">{x.label}</th>
              <th scope="col">{y.label}</th>
            </tr>
          </thead>
          <tbody>
            {series.flatMap(({ name, points }) =>
              points.map((point) => (
                <tr key={`${name} ${point.x}`}>
                  {series.length > 1 && <td>{name}</td>}
                  <td>{x.say(point.x)}</td>
                  <td>{y.say(point.y)}</td>
                </tr>
              )),
            )}
          </tbody>
        </table>
      </div>
    </details>
  );
}

/** The width that there is for it, followed as the window changes. */
function useWidth() {
  const frame = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(480);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.max(NARROWEST, Math.floor(entry.contentRect.width))));
    observer.observe(frame.current!);
    return () => observer.disconnect();
  }, []);
  return [frame, width] as const;
}
