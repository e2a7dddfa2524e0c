import { computed, signal } from "@preact/signals";
import type { Scope, Session } from "./documents";
import { get, post, remove } from "./http";
import { Problem } from "./problem";

/** A service that knows no sessions lets whoever reaches it do everything. */
const EVERYBODY: Session = { user: null, scopes: ["read", "write", "delete", "admin"], auth: { mode: "off", required: false } };

/** Who one is, as far as it is known yet. */
export const session = signal<Session | undefined>(undefined);

/** Whether the page is of use only to who is signed in, and nobody is. */
export const mustSignIn = computed(() => session.value !== undefined && session.value.auth.mode === "keys" && session.value.scopes.length === 0);

/** Whether one may do what needs `scope`. */
export function may(scope: Scope): boolean {
  const known = session.value;
  return known !== undefined && (known.scopes.includes(scope) || known.scopes.includes("admin"));
}

export async function loadSession(): Promise<void> {
  try {
    session.value = await get<Session>("/v1/session");
  } catch (error) {
    if (!(error instanceof Problem) || (error.status !== 404 && error.status !== 405)) throw error;
    session.value = EVERYBODY;
  }
}

/** Signs in with a key; the service keeps who it was in a cookie that scripts cannot read. */
export async function signIn(key: string): Promise<void> {
  session.value = await post<Session>("/v1/session", { key });
}

export async function signOut(): Promise<void> {
  await remove<void>("/v1/session");
  await loadSession();
}
