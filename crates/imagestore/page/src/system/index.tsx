import { useEffect } from "preact/hooks";
import refreshIcon from "icon:refresh-cw";
import { listSinks, may, readHealth, readReadiness, readStats, readUsage, session } from "../api";
import { Button } from "../parts";
import { useFetched } from "../parts/fetched";
import { Health } from "./health";
import { History } from "./history";
import { Licences } from "./licences";
import { Sinks } from "./sinks";
import { text } from "./text";
import { Totals } from "./totals";
import { Usage } from "./usage";

/** Figures change all the time; nobody has to look at each change. */
const EVERY = 10_000;

export default function System() {
  const isAdmin = may("admin");
  const health = useFetched(isAdmin ? readHealth : readReadiness, [isAdmin]);
  const stats = useFetched(async (signal) => (isAdmin ? readStats(signal) : undefined), [isAdmin]);
  const usage = useFetched(readUsage);
  const sinks = useFetched(async (signal) => (isAdmin ? listSinks(signal) : undefined), [isAdmin]);
  const reload = () => Promise.all([health, stats, usage, sinks].map((fetched) => fetched.reload()));

  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") void reload();
    }, EVERY);
    return () => clearInterval(timer);
  }, [isAdmin]);

  return (
    <div class="view">
      <header class="view-head">
        <h1>{text.title()}</h1>
        <Button icon={refreshIcon} onClick={() => void reload()}>{text.refresh()}</Button>
      </header>
      <div class="system-sections">
        <Health fetched={health} />
        {session.value?.auth.mode === "keys" && <Usage fetched={usage} />}
        {isAdmin && <Totals fetched={stats} />}
        {isAdmin && <History />}
        {isAdmin && <Sinks fetched={sinks} />}
      </div>
      <Licences />
    </div>
  );
}
