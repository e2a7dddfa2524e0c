import { Checkbox, Select, TextField } from "../parts";
import { formatName } from "../text";
import type { Comparison } from "./comparison";
import { FORMATS, suits } from "./goal";
import { text } from "./text";

const NAMED = [
  { score: 50, label: text.low },
  { score: 70, label: text.medium },
  { score: 80, label: text.high },
  { score: 90, label: text.visuallyLossless },
];

const LEAST_SCORE = 10;
const MOST_SCORE = 100;
const KILO = 1000;
/** What is proposed where a number of bytes is the goal: a third of the original. */
const PROPOSED = 1 / 3;
const WIDTHS = [2560, 1600, 1024, 640];

/** What is wanted: how good or how large, in which size and formats. */
export function Settings({ comparison }: { comparison: Comparison }) {
  const { image, goal, formats, width } = comparison;
  const offered = FORMATS.filter(suits(image));
  const sizes = [
    { value: "", label: text.sizeFull({ width: String(image.width), height: String(image.height) }) },
    ...WIDTHS.filter((candidate) => candidate < image.width).map((candidate) => ({
      value: String(candidate),
      label: text.sizeWidth({ width: String(candidate) }),
    })),
  ];
  const toggle = (format: (typeof FORMATS)[number], on: boolean) => {
    formats.value = offered.filter((other) => (other === format ? on : formats.value.includes(other)));
  };
  return (
    <section class="cmp-settings" aria-label={text.settings()}>
      <GoalChoice comparison={comparison} />
      {goal.value.by === "look" ? <ScoreGoal comparison={comparison} /> : <BytesGoal comparison={comparison} />}
      <fieldset class="cmp-formats">
        <legend class="field-label">{text.formats()}</legend>
        {offered.map((format) => (
          <Checkbox
            key={format}
            label={formatName(format)}
            checked={formats.value.includes(format)}
            onChange={(event) => toggle(format, event.currentTarget.checked)}
          />
        ))}
      </fieldset>
      {offered.length < FORMATS.length && <p class="field-hint">{image.animated ? text.formatsStill() : text.formatsOpaque()}</p>}
      {formats.value.length === 0 && (
        <p class="field-error" role="alert">
          {text.formatsNone()}
        </p>
      )}
      <Select
        label={text.size()}
        options={sizes}
        value={width.value ? String(width.value) : ""}
        onChoose={(chosen) => (width.value = chosen ? Number(chosen) : undefined)}
      />
    </section>
  );
}

function GoalChoice({ comparison: { goal, image } }: { comparison: Comparison }) {
  const ways = [
    { by: "look", label: text.byLook(), choose: () => (goal.value = { by: "look", score: 80 }) },
    { by: "bytes", label: text.byBytes(), choose: () => (goal.value = { by: "bytes", bytes: Math.round(image.bytes * PROPOSED) }) },
  ] as const;
  return (
    <fieldset class="cmp-ways">
      <legend class="field-label">{text.goal()}</legend>
      {ways.map(({ by, label, choose }) => (
        <label key={by} class="cmp-way">
          <input type="radio" name="goal" checked={goal.value.by === by} onChange={choose} />
          {label}
        </label>
      ))}
    </fieldset>
  );
}

function ScoreGoal({ comparison: { goal } }: { comparison: Comparison }) {
  const score = goal.value.by === "look" ? goal.value.score : MOST_SCORE;
  const set = (next: number) => {
    if (next >= LEAST_SCORE && next <= MOST_SCORE) goal.value = { by: "look", score: next };
  };
  return (
    <div class="cmp-goal">
      <div class="cmp-goal-line">
        <input
          type="range"
          min={LEAST_SCORE}
          max={MOST_SCORE}
          value={score}
          aria-label={text.score()}
          onInput={(event) => set(event.currentTarget.valueAsNumber)}
        />
        <TextField
          type="number"
          label={text.score()}
          hideLabel
          min={LEAST_SCORE}
          max={MOST_SCORE}
          value={score}
          onInput={(event) => set(event.currentTarget.valueAsNumber)}
        />
      </div>
      <div class="cmp-names">
        {NAMED.map(({ score: named, label }) => (
          <button key={named} type="button" class="button button-quiet" aria-pressed={score === named} onClick={() => set(named)}>
            {label()}
          </button>
        ))}
      </div>
      <p class="field-hint">{text.scoreHint()}</p>
    </div>
  );
}

function BytesGoal({ comparison: { goal, image } }: { comparison: Comparison }) {
  const bytes = goal.value.by === "bytes" ? goal.value.bytes : image.bytes;
  const set = (kilobytes: number) => {
    if (kilobytes > 0) goal.value = { by: "bytes", bytes: Math.round(kilobytes * KILO) };
  };
  return (
    <div class="cmp-goal-line">
      <input
        type="range"
        min={1}
        max={Math.ceil(image.bytes / KILO)}
        value={bytes / KILO}
        aria-label={text.kilobytes()}
        onInput={(event) => set(event.currentTarget.valueAsNumber)}
      />
      <TextField
        type="number"
        label={text.kilobytes()}
        hideLabel
        min={0.1}
        step="any"
        value={bytes / KILO}
        onInput={(event) => set(event.currentTarget.valueAsNumber)}
      />
    </div>
  );
}
