import copyIcon from "icon:copy";
import pauseIcon from "icon:pause";
import playIcon from "icon:play";
import retryIcon from "icon:rotate-cw";
import closeIcon from "icon:x";
import { may, Problem, variantUrl } from "../api";
import { Button, describe, Icon, IconButton, Progress, report, toast } from "../parts";
import { format } from "../text";
import type { Item } from "./item";
import { Outcome } from "./outcome";
import { drop, pause, removeCopy, resume } from "./queue";
import { text } from "./text";

/** One file: how far it is, why it failed, or what became of it. */
export function Row({ item }: { item: Item }) {
  const standing = item.standing.value;
  const name = item.name;
  return (
    <li class="upload-row" data-standing={standing}>
      <Picture item={item} />
      <div class="upload-row-words">
        <p class="upload-name">{item.image.value ? <a href={`/ui/image/${item.image.value}`}>{name}</a> : name}</p>
        {(standing === "sending" || standing === "finishing" || standing === "paused") && <Progress label={text.progressOf({ name })} value={item.bytes > 0 && standing !== "finishing" ? item.sent.value / item.bytes : undefined} />}
        <Note item={item} />
        {item.twin.value && <Twin item={item} twin={item.twin.value} />}
        {standing === "done" && (item.wishes.operation || item.wishes.fields.then) && <Outcome image={item.image.value!} operation={item.wishes.operation} />}
      </div>
      <div class="upload-row-buttons">
        {(standing === "sending" || standing === "waiting") && typeof item.source !== "string" && <IconButton icon={pauseIcon} label={text.pause({ name })} onClick={() => pause(item)} />}
        {standing === "paused" && <IconButton icon={playIcon} label={text.resume({ name })} onClick={() => resume(item)} />}
        {standing === "failed" && <IconButton icon={retryIcon} label={text.retry({ name })} onClick={() => resume(item)} />}
        <IconButton icon={closeIcon} label={text.remove({ name })} onClick={() => drop(item)} />
      </div>
    </li>
  );
}

function Picture({ item }: { item: Item }) {
  const image = item.image.value;
  return <div class="upload-picture">{image && may("read") && <img src={variantUrl({ id: image }, { w: 96, h: 96, fit: "cover" })} alt="" width={48} height={48} loading="lazy" />}</div>;
}

function Note({ item }: { item: Item }) {
  const standing = item.standing.value;
  const sizes = { sent: format.bytes(item.sent.value), bytes: format.bytes(item.bytes) };
  if (standing === "failed" || (standing === "done" && item.problem.value !== undefined)) {
    const { title, detail } = describeOf(item);
    return (
      <p class="upload-problem">
        <strong>{standing === "done" ? `${text.storedBut()}: ${title}` : title}</strong>
        {detail && ` – ${detail}`}
      </p>
    );
  }
  const words = {
    waiting: () => text.waiting(),
    sending: () => text.sentOf(sizes),
    finishing: () => (typeof item.source === "string" ? text.fetching() : text.finishing()),
    paused: () => (item.sent.value > 0 ? text.paused(sizes) : text.pausedPlain()),
    done: () => (item.bytes > 0 ? `${text.done()} · ${sizes.bytes}` : text.done()),
  }[standing as Exclude<typeof standing, "failed">];
  return <p class="upload-note">{words()}</p>;
}

/** What an address answers badly is no fault of the service. */
function describeOf(item: Item) {
  const problem = item.problem.value;
  const described = describe(problem);
  const isThere = typeof item.source === "string" && problem instanceof Problem && (problem.status === 502 || problem.status === 504);
  return isThere ? { ...described, title: text.notFetched() } : described;
}

/** It was stored all the same: whether that was meant, only people can tell. */
function Twin({ item, twin }: { item: Item; twin: string }) {
  const remove = async () => {
    try {
      await removeCopy(item);
      toast(text.copyRemoved());
    } catch (error) {
      report(error);
    }
  };
  return (
    <p class="upload-twin">
      <span class="upload-twin-words"><Icon shapes={copyIcon} size={16} />{text.twin()}</span>
      <a href={`/ui/image/${twin}`}>{text.showTwin()}</a>
      {may("delete") && <Button kind="quiet" class="upload-link" onClick={() => void remove()}>{text.removeCopy()}</Button>}
    </p>
  );
}
