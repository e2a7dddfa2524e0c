import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import mapPin from "icon:map-pin-off";
import { EmptyState, ErrorNote } from "../parts";
import { phrases } from "../text";
import type { Route } from "./routes";
import { text } from "./text";

type Loaded = ComponentType<Record<string, string>>;

const loaded = new Map<Route["load"], Loaded>();

/** The view of a route, which is fetched when it is gone to for the first time. */
export function View({ route, given }: { route: Route | undefined; given: Record<string, string> }) {
  const [, redraw] = useState(0);
  const [error, fail] = useState<unknown>();
  const view = route && loaded.get(route.load);

  useEffect(() => {
    if (!route || view) return;
    let wanted = true;
    fail(undefined);
    route.load().then(
      (module) => {
        loaded.set(route.load, module.default);
        if (wanted) redraw((count) => count + 1);
      },
      (reason: unknown) => wanted && fail(reason),
    );
    return () => {
      wanted = false;
    };
  }, [route]);

  if (!route) {
    return (
      <EmptyState icon={mapPin} title={text.notFound()} level={1} hint={text.notFoundHint()}>
        <a class="button" href="/">{phrases.toGallery()}</a>
      </EmptyState>
    );
  }
  if (error) return <div class="view"><h1 class="visually-hidden">{route.title()}</h1><ErrorNote error={error} /></div>;
  const Found = view;
  return Found ? <Found {...given} /> : <p class="visually-hidden" role="status">{phrases.loading()}</p>;
}
