import type { ButtonHTMLAttributes } from "preact";
import { Icon, type Shapes } from "./icon";

interface Looks {
  kind?: "plain" | "primary" | "danger" | "quiet";
  icon?: Shapes;
  /** Something is under way: the button stays where the focus is, and does nothing. */
  busy?: boolean;
}

type Rest = Omit<ButtonHTMLAttributes<HTMLButtonElement>, "icon">;

export function Button({ kind = "plain", icon, busy = false, class: more, children, onClick, ...rest }: Looks & Rest) {
  return (
    <button type="button" {...rest} class={["button", `button-${kind}`, more].filter(Boolean).join(" ")} aria-busy={busy || undefined} aria-disabled={busy || undefined} onClick={busy ? (event) => event.preventDefault() : onClick}>
      {icon && <Icon shapes={icon} size={18} />}
      {children}
    </button>
  );
}

/** A button that shows an icon alone; `label` is its name for screen readers and under the pointer. */
export function IconButton({ label, icon, size, class: more, kind = "quiet", ...rest }: Rest & { label: string; icon: Shapes; size?: number; kind?: Looks["kind"] }) {
  return (
    <button type="button" {...rest} class={["button", `button-${kind}`, "button-icon", more].filter(Boolean).join(" ")} aria-label={label} title={label}>
      <Icon shapes={icon} size={size ?? 20} />
    </button>
  );
}
