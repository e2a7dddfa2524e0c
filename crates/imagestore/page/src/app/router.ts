import { signal } from "@preact/signals";

export interface Location {
  path: string;
  query: URLSearchParams;
}

const here = (): Location => ({ path: window.location.pathname, query: new URLSearchParams(window.location.search) });

/** Where one is. Views read it, and nobody but this module writes it. */
export const location = signal<Location>(here());

/** Goes to an address of the page; with `replace`, going back passes over the one that is left. */
export function navigate(address: string, { replace = false } = {}): void {
  if (replace) history.replaceState(history.state, "", address);
  else history.pushState({ inside: true }, "", address);
  location.value = here();
}

/** Back to where one came from, or to `otherwise` if the page was opened at this very address. */
export function goBack(otherwise: string): void {
  const state: unknown = history.state;
  if (typeof state === "object" && state !== null && "inside" in state) history.back();
  else navigate(otherwise, { replace: true });
}

/** The parts of `path` that `pattern` names, as `id` in `/ui/image/:id`, or nothing if it is another path. */
export function match(pattern: string, path: string): Record<string, string> | undefined {
  const expected = pattern.split("/");
  const given = path.split("/");
  if (expected.length !== given.length) return undefined;
  const named: Record<string, string> = {};
  for (const [at, part] of expected.entries()) {
    const value = given[at] ?? "";
    if (part.startsWith(":")) named[part.slice(1)] = decodeURIComponent(value);
    else if (part !== value) return undefined;
  }
  return named;
}

const isOurs = (path: string) => path === "/" || path === "/v1" || path.startsWith("/ui/");

/** Lets ordinary links lead from view to view without a load, unless they are to open elsewhere. */
export function followLinks(): void {
  addEventListener("popstate", () => {
    location.value = here();
  });
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || link.target || link.hasAttribute("download") || link.origin !== window.location.origin || !isOurs(link.pathname)) return;
    event.preventDefault();
    navigate(link.pathname + link.search + link.hash);
  });
}
