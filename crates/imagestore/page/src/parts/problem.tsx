import type { ComponentChildren } from "preact";
import alert from "icon:circle-alert";
import { Problem } from "../api";
import { Icon } from "./icon";
import { text } from "./text";

interface Described {
  title: string;
  /** What the service says, in its own words, with the id under which its log has the request. */
  detail?: string;
}

const titles: Record<number, () => string> = {
  0: text.unreachable,
  401: text.notSignedIn,
  403: text.forbidden,
  404: text.gone,
  409: text.conflict,
  412: text.changedMeanwhile,
  413: text.tooLarge,
  415: text.wrongType,
  422: text.unprocessable,
  429: text.tooMany,
  503: text.busy,
  507: text.full,
};

/** Where a status stands for more than one thing. */
const codes: Record<string, () => string> = {
  "quota-exceeded": text.quota,
};

/** What happened in the reader's language, and in the words of the service. */
export function describe(error: unknown): Described {
  if (!(error instanceof Problem)) return { title: text.unexpected(), detail: error instanceof Error ? error.message : String(error) };
  const title = (codes[error.code] ?? titles[error.status] ?? (error.status >= 500 ? text.fault : text.refused))();
  if (error.status === 0) return { title, detail: text.unreachableHint() };
  const id = error.requestId ? text.requestId({ id: error.requestId }) : "";
  return { title, detail: [error.detail || error.title, id].filter(Boolean).join(" · ") };
}

/** An error in the place of what could not be shown, with what may be done, such as a button to try again. */
export function ErrorNote({ error, children }: { error: unknown; children?: ComponentChildren }) {
  const { title, detail } = describe(error);
  return (
    <div class="error-note" role="alert">
      <Icon shapes={alert} />
      <div>
        <p class="error-note-title">{title}</p>
        {detail && <p class="error-note-detail">{detail}</p>}
        {children && <div class="error-note-actions">{children}</div>}
      </div>
    </div>
  );
}
