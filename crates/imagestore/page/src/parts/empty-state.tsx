import type { ComponentChildren } from "preact";
import { Icon, type Shapes } from "./icon";

/** In the place of what is not there: why, and what to do. */
export function EmptyState({ icon, title, hint, level = 2, children }: { icon: Shapes; title: string; hint?: ComponentChildren; level?: 1 | 2; children?: ComponentChildren }) {
  const Heading = level === 1 ? "h1" : "h2";
  return (
    <div class="empty-state">
      <Icon shapes={icon} size={40} />
      <Heading>{title}</Heading>
      {hint && <p>{hint}</p>}
      {children && <div class="empty-state-actions">{children}</div>}
    </div>
  );
}
