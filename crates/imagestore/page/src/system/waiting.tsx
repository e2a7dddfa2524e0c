import { Button, ErrorNote } from "../parts";
import type { Fetched } from "../parts/fetched";
import { phrases } from "../text";

/** In the place of what is not there yet, or could not be had. */
export function Waiting({ fetched }: { fetched: Fetched<unknown> }) {
  if (fetched.error.value === undefined) return <p class="system-soft" role="status">{phrases.loading()}</p>;
  return <ErrorNote error={fetched.error.value}><Button onClick={() => void fetched.reload()}>{phrases.again()}</Button></ErrorNote>;
}
