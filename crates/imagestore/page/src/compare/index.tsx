import { useEffect, useMemo, useState } from "preact/hooks";
import { may, variantUrl, type ImageInfo } from "../api";
import { location, navigate } from "../app/router";
import { Button, ImageView, nameOf } from "../parts";
import { formatName, phrases } from "../text";
import { createComparison, type Comparison } from "./comparison";
import { CurvesOf } from "./curves";
import { goalParameter, takes, type Wish } from "./goal";
import { ApplyMany } from "./many";
import { ApplyOne } from "./one";
import { Results } from "./results";
import { Settings } from "./settings";
import { text } from "./text";
import { Viewer } from "./viewer";

/** The name that the compressing service gives to what it makes. */
const NAME = "compress";

/** What every browser shows as it is; of other originals a copy without loss stands for them. */
const SHOWN_AS_THEY_ARE = ["jpg", "png", "webp", "gif", "avif"];

/** A picture beside smaller ones of it. */
export default function Compare({ id }: Record<string, string>) {
  return (
    <ImageView
      id={id}
      class="compare"
      title={(name) => text.titleOf({ name })}
      hint={text.choosePictureHint()}
      onPick={(picked) => navigate(`/ui/compare/${picked}`)}
      links={(image) => (
        <>
          <a class="button" href={`/ui/transform/${image.id}`}>
            {text.transform()}
          </a>
          <a class="button" href={`/ui/image/${image.id}`}>
            {text.details()}
          </a>
        </>
      )}
    >
      {(image) => <Comparing image={image} />}
    </ImageView>
  );
}

function Comparing({ image }: { image: ImageInfo }) {
  const comparison = useMemo(() => createComparison(image), [image]);
  useEffect(comparison.start, [comparison]);
  return (
    <>
      <Pictures comparison={comparison} name={nameOf(image)} />
      <div class="cmp-side">
        <Settings comparison={comparison} />
        <Results comparison={comparison} />
        <Apply comparison={comparison} name={nameOf(image)} />
        <CurvesOf comparison={comparison} />
      </div>
    </>
  );
}

function Pictures({ comparison, name }: { comparison: Comparison; name: string }) {
  const { image, chosen, outcomes, width, busy } = comparison;
  const [plain, setPlain] = useState(SHOWN_AS_THEY_ARE.includes(image.format));
  const outcome = chosen.value && outcomes.value.get(chosen.value);
  const drawn = outcome?.drawn;
  const scale = width.value ? Math.min(width.value / image.width, 1) : 1;
  const size = drawn ?? { width: Math.round(image.width * scale), height: Math.round(image.height * scale) };
  const before = plain && !width.value ? variantUrl(image, {}, "") : variantUrl(image, { w: width.value }, "png");
  return (
    <div class="cmp-pictures">
      <Viewer
        picture={{ width: size.width, height: size.height }}
        before={before}
        beforeLabel={text.originalOf({ name })}
        after={drawn?.url}
        afterLabel={chosen.value ? text.compressedOf({ name, format: formatName(chosen.value) }) : text.compressed()}
        afterTag={chosen.value ? formatName(chosen.value) : text.compressed()}
        busy={busy.value}
        onBeforeError={() => setPlain(false)}
      />
      {chosen.value && outcome?.state === "done" && !drawn && (
        <p class="field-hint" role="status">
          {text.cannotShow({ format: formatName(chosen.value) })}
        </p>
      )}
    </div>
  );
}

/** Pictures that were chosen in the gallery come along in the address. */
const chosenIds = () => location.value.query.get("ids")?.split(",").filter(Boolean) ?? [];

function Apply({ comparison, name }: { comparison: Comparison; name: string }) {
  const { image, goal, formats, width, chosen, outcomes } = comparison;
  const [many, setMany] = useState(false);
  const wish: Wish = {
    goal: goal.value,
    formats: formats.value.filter((format) => takes(goal.value, format)),
    width: width.value,
    name: NAME,
  };
  const shown = chosen.value;
  const drawn = shown && outcomes.value.get(shown)?.drawn;
  const transform = new URLSearchParams(
    Object.entries({ ...goalParameter(goal.value), w: width.value, format: shown }).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, String(value)]],
    ),
  );
  return (
    <section class="cmp-apply" aria-labelledby="cmp-apply-title">
      <h2 id="cmp-apply-title">{text.apply()}</h2>
      <div class="cmp-apply-actions">
        <ApplyOne image={image} wish={wish} />
        <Button disabled={wish.formats.length === 0 || !may("write")} onClick={() => setMany(true)}>
          {text.applyMany()}
        </Button>
        {drawn && (
          <a class="button" href={drawn.url} download={`${name.replace(/\.[^.]*$/, "")}.${shown}`}>
            {phrases.download()}
          </a>
        )}
        {shown && (
          <a class="button" href={`/ui/transform/${image.id}?${transform}`}>
            {text.workbench()}
          </a>
        )}
      </div>
      <p class="field-hint">{may("write") ? text.applyHint() : text.mayNot()}</p>
      {many && <ApplyMany wish={wish} shown={shown} ids={chosenIds()} onClose={() => setMany(false)} />}
    </section>
  );
}
