import { useEffect, useState } from "preact/hooks";
import { get, listAlbums, orderBackfill, orderCompression, type Album, type OutputFormat } from "../api";
import { navigate } from "../app/router";
import { Button, Dialog, report, Select, TextField, toast } from "../parts";
import { format, formatName, phrases } from "../text";
import { orderOf, type Wish } from "./goal";
import { text } from "./text";

const NAME = /^[a-z][a-z0-9_-]{0,63}$/;
/** As many as one order may name. */
const MOST_IDS = 500;

type Scope = "chosen" | "album" | "all";

interface ManyProps {
  wish: Wish;
  /** The format that is looked at: it can be ordered alone. */
  shown: OutputFormat | undefined;
  /** Pictures that were chosen before one came here. */
  ids: readonly string[];
  onClose: () => void;
}

/** Orders what is compared for many pictures, and says first what that means. */
export function ApplyMany({ wish, shown, ids, onClose }: ManyProps) {
  const [scope, setScope] = useState<Scope>(ids.length > 0 ? "chosen" : "album");
  const [albums, setAlbums] = useState<readonly Album[] | undefined>();
  const [album, setAlbum] = useState("");
  const [total, setTotal] = useState<number | undefined>();
  const [alone, setAlone] = useState(false);
  const [name, setName] = useState(wish.name);
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    listAlbums().then((found) => {
      setAlbums(found);
      setAlbum(found[0]?.id ?? "");
    }, report);
    // Without the total the order can be placed all the same.
    get<{ total: number }>("/v1/images/timeline", { step: 5000 }).then(
      (timeline) => setTotal(timeline.total),
      () => undefined,
    );
  }, []);

  const formats = alone && shown ? [shown] : wish.formats;
  const final: Wish = { ...wish, formats, name };
  const count = { chosen: ids.length, album: albums?.find(({ id }) => id === album)?.images ?? 0, all: total }[scope];
  const ready = NAME.test(name) && (scope !== "album" || count! > 0);

  const order = async () => {
    setBusy(true);
    try {
      toast(await placeOrder(final, scope, ids, album), { action: { label: text.seeJobs(), run: () => navigate("/ui/jobs") } });
      onClose();
    } catch (error) {
      report(error);
    } finally {
      setBusy(false);
    }
  };

  const scopes = [
    ...(ids.length > 0 ? [{ value: "chosen", label: text.scopeChosen({ count: ids.length }) }] : []),
    { value: "album", label: text.scopeAlbum() },
    { value: "all", label: text.scopeAll() },
  ] as { value: Scope; label: string }[];
  const kinds = [
    { value: "", label: several(wish.formats) },
    ...(shown && wish.formats.length > 1 ? [{ value: shown as string, label: text.only({ format: formatName(shown) }) }] : []),
  ];
  return (
    <Dialog
      title={text.manyTitle()}
      onClose={onClose}
      onSubmit={() => void (ready && !busy && order())}
      actions={
        <>
          <Button onClick={onClose}>{phrases.cancel()}</Button>
          <Button type="submit" kind="primary" busy={busy} disabled={!ready}>
            {text.order()}
          </Button>
        </>
      }
    >
      <Select label={text.which()} value={scope} options={scopes} onChoose={setScope} />
      {scope === "album" && albums && albums.length > 0 && (
        <Select
          label={text.album()}
          value={album}
          options={albums.map(({ id, name: title, images }) => ({ value: id, label: text.albumWithCount({ name: title, images }) }))}
          onChoose={setAlbum}
        />
      )}
      {scope === "album" && albums?.length === 0 && <p>{text.noAlbums()}</p>}
      <Select label={text.formatOf()} value={alone ? (shown ?? "") : ""} options={kinds} onChoose={(chosen) => setAlone(chosen !== "")} />
      <TextField
        label={text.name()}
        hint={text.nameHint()}
        error={NAME.test(name) ? undefined : text.nameBad()}
        value={name}
        onInput={(event) => setName(event.currentTarget.value)}
      />
      <Summary wish={final} scope={scope} count={count} />
    </Dialog>
  );
}

const several = (formats: readonly OutputFormat[]) =>
  formats.length === 1 ? text.only({ format: formatName(formats[0]!) }) : text.smallestOf({ formats: formats.map(formatName).join(", ") });

function Summary({ wish, scope, count }: { wish: Wish; scope: Scope; count: number | undefined }) {
  const { goal, width, name, formats } = wish;
  const kind = several(formats);
  const said = kind.charAt(0).toLowerCase() + kind.slice(1);
  return (
    <div class="cmp-will" role="status">
      <h3>{text.willHappen()}</h3>
      <ul>
        {count !== undefined && count > 0 && <li>{text.willPictures({ count })}</li>}
        {scope === "all" && <li>{text.willAll()}</li>}
        {width && <li>{text.willWidth({ width })}</li>}
        <li>
          {goal.by === "look"
            ? text.willLook({ score: goal.score, format: said })
            : text.willBytes({ bytes: format.bytes(goal.bytes), format: said })}
        </li>
        <li>{text.willStore({ name })}</li>
        <li>{text.willKeep()}</li>
      </ul>
    </div>
  );
}

/** Places the order, and gives what is to be said of it. */
async function placeOrder(wish: Wish, scope: Scope, ids: readonly string[], album: string): Promise<string> {
  const order = orderOf(wish);
  if (scope === "all") {
    await orderBackfill({ ...order, before: new Date().toISOString() });
    return text.orderedAll();
  }
  if (scope === "album") {
    const { jobs, queued } = await orderCompression({ ...order, album });
    return text.ordered({ count: queued ?? jobs.length });
  }
  let count = 0;
  for (let from = 0; from < ids.length; from += MOST_IDS) {
    count += (await orderCompression({ ...order, ids: ids.slice(from, from + MOST_IDS) })).jobs.length;
  }
  return text.ordered({ count });
}
