import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import plus from "icon:plus";
import { listAlbums, makeAlbum, may, session, type Album, type Visibility } from "../api";
import { IconButton, prompt, report, Select, TextField } from "../parts";
import { text } from "./text";
import { change, form, GOALS, mistakes, type AndThen } from "./wishes";

const albums = signal<readonly Album[]>([]);

const goalNames: Record<(typeof GOALS)[number], () => string> = {
  "visually-lossless": text.goalVisuallyLossless,
  high: text.goalHigh,
  medium: text.goalMedium,
  low: text.goalLow,
};

const visibilities: readonly { value: Visibility | ""; name: () => string }[] = [
  { value: "", name: text.asUsual },
  { value: "private", name: text.private },
  { value: "unlisted", name: text.unlisted },
  { value: "public", name: text.public },
];

const afterwards: readonly { value: AndThen; name: () => string }[] = [
  { value: "nothing", name: text.nothing },
  { value: "compress", name: text.compress },
  { value: "resize", name: text.resize },
  { value: "thumbnail", name: text.thumbnail },
  { value: "watermark", name: text.watermark },
];

const named = <Value extends string>(options: readonly { value: Value; name: () => string }[]) => options.map(({ value, name }) => ({ value, label: name() }));

async function addAlbum(): Promise<void> {
  const name = await prompt({ title: text.newAlbum(), label: text.albumName(), confirm: text.make() });
  if (!name) return;
  try {
    const album = await makeAlbum({ name });
    albums.value = [album, ...albums.value];
    change({ album: album.id });
  } catch (error) {
    report(error);
  }
}

/** What is to become of the files, beside storing them. */
export function WishesForm() {
  useEffect(() => {
    if (may("read")) listAlbums().then((all) => { albums.value = all; }, report);
  }, []);
  const filled = form.value;
  return (
    <section class="upload-wishes" aria-labelledby="upload-wishes">
      <h2 id="upload-wishes">{text.wishes()}</h2>
      <p class="field-hint">{text.wishesHint()}</p>
      <div class="upload-album">
        <Select label={text.album()} value={filled.album} options={[{ value: "", label: text.noAlbum() }, ...albums.value.map(({ id, name }) => ({ value: id, label: name }))]} onChoose={(album) => change({ album })} />
        <IconButton kind="plain" icon={plus} label={text.newAlbum()} onClick={() => void addAlbum()} />
      </div>
      <TextField label={text.tags()} hint={text.tagsHint()} value={filled.tags} onInput={(event) => change({ tags: event.currentTarget.value })} />
      {session.value?.auth.mode === "keys" && <Select label={text.visibility()} value={filled.visibility} options={named(visibilities)} onChoose={(visibility) => change({ visibility })} />}
      <Select label={text.andThen()} value={filled.andThen} options={named(afterwards)} onChoose={(andThen) => change({ andThen })} />
      <Further />
    </section>
  );
}

/** What else the choice needs. */
function Further() {
  const filled = form.value;
  const wrong = mistakes(filled);
  const side = (name: "width" | "height") => (
    <TextField type="number" min={10} max={10_000} step={1} label={text[name]()} error={wrong.includes(name) ? text.sideWrong() : undefined} value={filled[name]} onInput={(event) => change({ [name]: event.currentTarget.value })} />
  );
  switch (filled.andThen) {
    case "compress":
      return <Select label={text.goal()} value={filled.goal} options={GOALS.map((goal) => ({ value: goal as string, label: goalNames[goal]() }))} onChoose={(goal) => change({ goal })} />;
    case "resize":
      return (
        <div>
          <div class="upload-sides">{side("width")}{side("height")}</div>
          <p class="field-hint">{text.sideHint()}</p>
        </div>
      );
    case "watermark":
      return <TextField label={text.watermarkText()} hint={text.watermarkHint()} error={wrong.includes("text") && filled.text !== "" ? text.watermarkWrong() : undefined} value={filled.text} maxLength={64} onInput={(event) => change({ text: event.currentTarget.value })} />;
    default:
      return null;
  }
}
