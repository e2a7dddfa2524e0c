import type { Paged, Scope } from "./documents";
import { get, patch, post, remove } from "./http";

/** Bounds of what a user may keep and ask for; nothing where there is none. */
export interface Quotas {
  max_images: number | null;
  max_bytes: number | null;
  requests_per_minute: number | null;
}

export interface User {
  id: string;
  name: string;
  disabled: boolean;
  usage: { images: number; bytes: number };
  quotas: Quotas;
  created_at: string;
}

export interface AccessKey {
  id: string;
  user_id: string;
  label: string;
  scopes: Scope[];
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
}

/** The only answer with the key itself in it. */
export interface NewAccessKey extends AccessKey {
  key: string;
}

export interface Usage {
  /** Nothing where the service knows no users. */
  id: string | null;
  usage: User["usage"];
  quotas: Quotas;
}

const MOST = 500;

/** All entries of a list that is short enough to be shown whole. */
async function whole<Entry>(path: string, name: string, query: Record<string, string | undefined>, signal?: AbortSignal): Promise<Entry[]> {
  const entries: Entry[] = [];
  let cursor: string | undefined;
  do {
    const page: Paged & Record<string, unknown> = await get(path, { ...query, limit: MOST, cursor }, signal);
    entries.push(...(page[name] as Entry[]));
    cursor = page.cursor ?? undefined;
  } while (cursor);
  return entries;
}

export const listUsers = (signal?: AbortSignal) => whole<User>("/v1/admin/users", "users", {}, signal);
export const addUser = (fields: { name: string } & Partial<Quotas>) => post<User>("/v1/admin/users", fields);
export const changeUser = (id: string, changes: { disabled?: boolean } & Partial<Quotas>) =>
  patch<User>(`/v1/admin/users/${encodeURIComponent(id)}`, changes);

export const listKeys = (user?: string, signal?: AbortSignal) => whole<AccessKey>("/v1/admin/keys", "keys", { user_id: user }, signal);
export const makeKey = (fields: { user_id: string; scopes: Scope[]; label?: string; expires_at?: string }) =>
  post<NewAccessKey>("/v1/admin/keys", fields);
export const revokeKey = (id: string) => remove<AccessKey>(`/v1/admin/keys/${encodeURIComponent(id)}`);

export const readUsage = (signal?: AbortSignal) => get<Usage>("/v1/usage", undefined, signal);
