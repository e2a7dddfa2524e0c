import { useState } from "preact/hooks";
import { readHistory, type Day } from "../api";
import { Select } from "../parts";
import { useFetched } from "../parts/fetched";
import { Plot } from "../parts/plot";
import { format, language } from "../text";
import { text } from "./text";
import { Waiting } from "./waiting";

const PERIODS = ["7", "30", "90", "365"] as const;

interface Figure {
  name: () => string;
  look: "line" | "bars";
  say: (value: number) => string;
  /** The figure of each day. */
  of: (days: readonly Day[]) => number[];
}

const count = (value: number) => format.number(value);

const figures = {
  saved: { name: text.figureSaved, look: "line", say: format.bytes, of: (days) => summed(days.map((day) => day.bytes_saved)) },
  daily: { name: text.figureSavedADay, look: "bars", say: format.bytes, of: (days) => days.map((day) => day.bytes_saved) },
  uploaded: { name: text.figureUploaded, look: "bars", say: format.bytes, of: (days) => days.map((day) => day.image_bytes) },
  images: { name: text.figureImages, look: "bars", say: count, of: (days) => days.map((day) => day.images) },
} satisfies Record<string, Figure>;

type Name = keyof typeof figures;

function summed(values: readonly number[]): number[] {
  let sum = 0;
  return values.map((value) => (sum += value));
}

/** Days are those of UTC, whatever the clock here says. */
const sayDay = (at: number) => new Intl.DateTimeFormat(language.value, { day: "numeric", month: "short", timeZone: "UTC" }).format(at);

/** What was saved and uploaded, day by day. */
export function History() {
  const [period, choosePeriod] = useState<(typeof PERIODS)[number]>("30");
  const [name, chooseFigure] = useState<Name>("saved");
  const history = useFetched((signal) => readHistory(Number(period), signal), [period]);
  const days = history.value.value;
  const figure: Figure = figures[name];
  return (
    <section aria-labelledby="system-history">
      <div class="system-head">
        <h2 id="system-history">{text.history()}</h2>
        <div class="system-choices">
          <Select hideLabel label={text.figure()} value={name} options={(Object.keys(figures) as Name[]).map((value) => ({ value, label: figures[value].name() }))} onChoose={chooseFigure} />
          <Select hideLabel label={text.days()} value={period} options={PERIODS.map((value) => ({ value, label: text.lastDays({ count: Number(value) }) }))} onChoose={choosePeriod} />
        </div>
      </div>
      {!days ? <Waiting fetched={history} /> : <Drawn days={days} figure={figure} />}
    </section>
  );
}

function Drawn({ days, figure }: { days: readonly Day[]; figure: Figure }) {
  const values = figure.of(days);
  const points = days.map(({ day }, at) => ({ x: Date.parse(day), y: values[at]! }));
  return <Plot label={figure.name()} look={figure.look} series={[{ name: figure.name(), points }]} x={{ label: text.day(), say: sayDay, ticks: ticks(points.map(({ x }) => x)) }} y={{ label: figure.name(), say: figure.say }} />;
}

const TICKS = 6;

/** Some of the days, away from the edges, where their names would be cut off. */
function ticks(days: readonly number[]): number[] {
  const step = Math.max(1, Math.ceil(days.length / TICKS));
  return days.filter((_, at) => (days.length - 1 - at) % step === Math.floor(step / 2));
}
