import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { loadSession, mustSignIn, session } from "../api";
import { onSignedOut } from "../api/http";
import { Button, Dialogs, ErrorNote, Toasts } from "../parts";
import { phrases } from "../text";
import { DropTarget } from "./drop";
import { BottomBar, Side } from "./navigation";
import { location, match, navigate } from "./router";
import { routes, type Route } from "./routes";
import { text } from "./text";
import { View } from "./view";

const SIGN_IN = "/ui/sign-in";

interface Found {
  route: Route;
  given: Record<string, string>;
}

function find(path: string): Found | undefined {
  const asked = path === "/v1" ? "/" : path;
  for (const route of routes) {
    const given = match(route.path, asked);
    if (given) return { route, given };
  }
  return undefined;
}

/** Leads to the form with the key, which leads back to where one wanted to go. */
function askForKey(): void {
  const { path, query } = location.peek();
  if (path === SIGN_IN || !find(SIGN_IN)) return;
  const wanted = query.size > 0 ? `${path}?${query}` : path;
  navigate(`${SIGN_IN}?next=${encodeURIComponent(wanted)}`, { replace: true });
}

onSignedOut(askForKey);
effect(() => {
  if (mustSignIn.value) askForKey();
});

const unknown = signal<unknown>(undefined);

/** Asks who one is. What to show depends on it: without it, views would ask for what is refused. */
export function learnSession(): void {
  unknown.value = undefined;
  loadSession().catch((error: unknown) => {
    unknown.value = error;
  });
}

function Content({ found }: { found: Found | undefined }) {
  const route = found?.route;
  const isKnown = session.value !== undefined;
  // Meanwhile the view is fetched.
  useEffect(() => {
    if (!isKnown) route?.load().catch(() => undefined);
  }, [route, isKnown]);
  if (isKnown && (!mustSignIn.value || route?.path === SIGN_IN)) return <View route={route} given={found?.given ?? {}} />;
  if (unknown.value === undefined) return null;
  return <div class="view"><ErrorNote error={unknown.value}><Button onClick={learnSession}>{phrases.again()}</Button></ErrorNote></div>;
}

export function Shell() {
  const { path } = location.value;
  const found = find(path);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);

  useEffect(() => {
    document.title = found ? `${found.route.title()} – imagestore` : "imagestore";
  });
  // After going elsewhere the keyboard begins at the new view, which screen readers then read.
  useEffect(() => {
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [found?.route]);

  const bare = found?.route.bare ?? false;
  return (
    <>
      <a class="skip-link" href="#main" onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>{text.skip()}</a>
      <div class={bare ? "shell shell-bare" : "shell"}>
        {!bare && <Side current={found?.route} />}
        <main id="main" class="shell-main" tabIndex={-1} ref={main}>
          <Content found={found} />
        </main>
        {!bare && <BottomBar current={found?.route} />}
      </div>
      <DropTarget />
      <Toasts />
      <Dialogs />
    </>
  );
}
