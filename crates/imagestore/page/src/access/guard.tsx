import type { ComponentChildren } from "preact";
import lock from "icon:lock";
import { may, session } from "../api";
import { EmptyState } from "../parts";
import { text } from "./text";

/** What only administrators see. */
export function ForAdmins({ children }: { children: ComponentChildren }) {
  const known = session.value;
  if (!known) return null;
  if (!may("admin")) return <EmptyState level={1} icon={lock} title={text.adminsOnly()} hint={text.adminsOnlyHint()} />;
  return (
    <div class="view">
      {children}
      {known.auth.mode === "off" && <p class="access-note">{text.authOff()}</p>}
    </div>
  );
}
