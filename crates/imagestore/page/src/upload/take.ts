import { toast } from "../parts";
import type { Intake } from "./intake";
import { add } from "./queue";
import { text } from "./text";
import { change, form, mistakes } from "./wishes";

/** Puts what was given into the queue, unless the form first has to be corrected. */
export function take({ files, addresses = [], skipped }: Intake & { addresses?: string[] }, album?: string): boolean {
  if (album) change({ album });
  if (mistakes(form.value).length > 0) {
    toast(text.correctFirst(), { kind: "error" });
    return false;
  }
  const sources = [...files, ...addresses];
  if (sources.length > 0) add(sources);
  else if (skipped > 0) toast(text.nothingFound());
  if (sources.length > 0 && skipped > 0) toast(text.skipped({ count: skipped }));
  return true;
}
