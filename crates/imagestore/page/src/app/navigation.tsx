import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import settingsIcon from "icon:settings-2";
import moreIcon from "icon:menu";
import { may, session, signOut } from "../api";
import { Icon, Menu, report } from "../parts";
import { language, languages, speak } from "../text";
import iconAddress from "./icon.svg";
import { navigate } from "./router";
import { routes, type Route } from "./routes";
import { text } from "./text";
import { choose, theme, type Theme } from "./theme";

/** What the view that is shown adds to the side bar, such as the albums of the gallery. */
export const sideExtra = signal<ComponentChildren>(undefined);

const ON_PHONES = 4;

const shown = () =>
  routes.filter(({ icon, scope, keysOnly }) => icon && (!scope || may(scope)) && (!keysOnly || session.value?.auth.mode === "keys"));

const themes: readonly { code: Theme; name: () => string }[] = [
  { code: "system", name: text.themeSystem },
  { code: "light", name: text.themeLight },
  { code: "dark", name: text.themeDark },
];

function settings() {
  return [
    { heading: text.theme(), items: themes.map(({ code, name }) => ({ label: name(), checked: theme.value === code, run: () => choose(code) })) },
    { heading: text.language(), items: languages.map(({ code, name }) => ({ label: name, checked: language.value === code, run: () => speak(code) })) },
  ];
}

async function leave(): Promise<void> {
  try {
    await signOut();
    navigate("/ui/sign-in");
  } catch (error) {
    report(error);
  }
}

function account() {
  const known = session.value;
  if (known?.auth.mode !== "keys" || known.scopes.length === 0) return [];
  return [{ heading: known.user ? text.signedInAs({ name: known.user.name }) : undefined, items: [{ label: text.signOut(), run: () => void leave() }] }];
}

const isHere = (route: Route, current: Route | undefined) => route === current || route.path === current?.within;

function Note({ route }: { route: Route }) {
  const said = route.note?.();
  return said ? <span class="shell-link-note">{said}</span> : null;
}

function NavigationLink({ route, current, short }: { route: Route; current: boolean; short?: boolean }) {
  return (
    <a class="shell-link" href={route.path} aria-current={current ? "page" : undefined}>
      <Icon shapes={route.icon!} />
      <span>{short && route.short ? route.short() : route.title()}</span>
      <Note route={route} />
    </a>
  );
}

export function Side({ current }: { current: Route | undefined }) {
  return (
    <header class="shell-side">
      <a class="shell-name" href="/"><img src={iconAddress} alt="" />imagestore</a>
      <nav class="shell-links" aria-label={text.navigation()}>
        {shown().map((route) => <NavigationLink key={route.path} route={route} current={isHere(route, current)} />)}
      </nav>
      <div class="shell-extra">{sideExtra.value}</div>
      <Menu class="shell-link" sections={[...settings(), ...account()]} label={<><Icon shapes={settingsIcon} /><span>{text.settings()}</span></>} />
    </header>
  );
}

/** On phones there is room for some places; the rest is behind the last one. */
export function BottomBar({ current }: { current: Route | undefined }) {
  const places = shown();
  const rest = places.slice(ON_PHONES);
  const further = { items: rest.map((route) => ({ label: route.title(), run: () => navigate(route.path) })) };
  return (
    <nav class="shell-bottom" aria-label={text.navigation()}>
      {places.slice(0, ON_PHONES).map((route) => <NavigationLink key={route.path} route={route} current={isHere(route, current)} short />)}
      <Menu class="shell-link" sections={[...(rest.length > 0 ? [further] : []), ...settings(), ...account()]} label={<><Icon shapes={moreIcon} /><span>{text.more()}</span></>} />
    </nav>
  );
}
