import { Problem } from "./problem";

export type Query = Record<string, string | number | boolean | null | undefined>;

export interface Options {
  query?: Query;
  /** Sent as it is where it is bytes or a form, and as JSON otherwise. */
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

type Listener = (problem: Problem) => void;
let whenSignedOut: Listener = () => undefined;

/** What is to happen when an answer says that nobody is signed in. */
export function onSignedOut(listener: Listener): void {
  whenSignedOut = listener;
}

/** A path with the parameters that have a value. */
export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  return search.size > 0 ? `${path}?${search}` : path;
}

/** Headers that a request which changes something needs to be taken as the page's own. */
export const ownHeaders = { "X-Requested-With": "imagestore" } as const;

/** The answer to a request, or the `Problem` that it met. */
export async function send(method: string, path: string, options: Options = {}): Promise<Response> {
  const { body, type } = bodyOf(options.body);
  const headers = { Accept: "application/json", ...ownHeaders, ...type, ...options.headers };
  const request = new Request(address(path, options.query), { method, body, headers, credentials: "same-origin", signal: options.signal });
  const answer = await fetch(request).catch((error: unknown) => {
    throw options.signal?.aborted ? error : Problem.unreachable();
  });
  if (answer.ok) return answer;
  const problem = await Problem.of(answer);
  if (problem.status === 401) whenSignedOut(problem);
  throw problem;
}

async function json<T>(method: string, path: string, options?: Options): Promise<T> {
  const answer = await send(method, path, options);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal) => json<T>("GET", path, { query, signal });
export const post = <T>(path: string, body?: unknown, options?: Options) => json<T>("POST", path, { ...options, body });
export const put = <T>(path: string, body?: unknown, options?: Options) => json<T>("PUT", path, { ...options, body });
export const patch = <T>(path: string, body?: unknown, options?: Options) => json<T>("PATCH", path, { ...options, body });
export const remove = <T>(path: string, query?: Query) => json<T>("DELETE", path, { query });

function bodyOf(body: unknown): { body?: BodyInit; type?: Record<string, string> } {
  if (body === undefined) return {};
  if (body instanceof Blob || body instanceof FormData || body instanceof ArrayBuffer) return { body };
  return { body: JSON.stringify(body), type: { "Content-Type": "application/json" } };
}
