import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useState } from "preact/hooks";
import listIcon from "icon:list-checks";
import shrink from "icon:shrink";
import { connected, may, type Backfill } from "../api";
import { Button, EmptyState, ErrorNote } from "../parts";
import { phrases } from "../text";
import { BackfillForm } from "./backfill-form";
import { Backfills } from "./backfills";
import { Feed, GROUPS, type Group } from "./feed";
import { Row } from "./row";
import { text } from "./text";

const names: Record<Group, () => string> = { all: text.all, waiting: text.waiting, running: text.running, done: text.done, failed: text.failed, cancelled: text.cancelled };

export default function Jobs() {
  const [group, choose] = useState<Group>("all");
  const [isAsked, ask] = useState(false);
  const begun = useSignal<readonly Backfill[]>([]);
  const feed = useMemo(() => new Feed(group), [group]);
  useEffect(() => feed.follow(), [feed]);

  return (
    <div class="view">
      <header class="view-head">
        <div class="jobs-title">
          <h1>{text.title()}</h1>
          <p class={connected.value ? "jobs-live jobs-live-on" : "jobs-live"}>{connected.value ? text.live() : text.notLive()}</p>
        </div>
        {may("write") && <Button icon={shrink} onClick={() => ask(true)}>{text.startBackfill()}</Button>}
      </header>
      <Backfills begun={begun} />
      <div class="jobs-filter" role="group" aria-label={text.filter()}>
        {GROUPS.map((name) => <Button key={name} kind="quiet" aria-pressed={group === name} onClick={() => choose(name)}>{names[name]()}</Button>)}
      </div>
      <List feed={feed} />
      {isAsked && <BackfillForm onClose={() => ask(false)} onBegun={(backfill) => { begun.value = [backfill, ...begun.value]; }} />}
    </div>
  );
}

function List({ feed }: { feed: Feed }) {
  const [isBusy, setBusy] = useState(false);
  const jobs = feed.jobs.value;
  if (feed.error.value !== undefined && !jobs) {
    return <ErrorNote error={feed.error.value}><Button onClick={() => void feed.reload()}>{phrases.again()}</Button></ErrorNote>;
  }
  if (!jobs) return <p class="jobs-note" role="status">{phrases.loading()}</p>;
  if (jobs.length === 0 && feed.group !== "all") return <EmptyState icon={listIcon} title={text.noneSuch()} />;
  if (jobs.length === 0) {
    return (
      <EmptyState icon={listIcon} title={text.none()} hint={text.noneHint()}>
        {may("write") && <a class="button button-primary" href="/ui/upload">{text.toUpload()}</a>}
      </EmptyState>
    );
  }
  const more = async () => {
    setBusy(true);
    await feed.more();
    setBusy(false);
  };
  return (
    <>
      <ul class="jobs-list" aria-label={text.list()}>{jobs.map((job) => <Row key={job.id} job={job} onChanged={(changed) => feed.put(changed)} />)}</ul>
      {feed.error.value !== undefined && <ErrorNote error={feed.error.value} />}
      {feed.hasMore.value && <p class="jobs-more"><Button busy={isBusy} onClick={() => void more()}>{phrases.showMore()}</Button></p>}
    </>
  );
}
