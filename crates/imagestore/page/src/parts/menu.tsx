import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import check from "icon:check";
import { Icon, type Shapes } from "./icon";

export interface MenuItem {
  label: string;
  run: () => void;
  icon?: Shapes;
  danger?: boolean;
  disabled?: boolean;
  /** Given for choices: whether this one holds. */
  checked?: boolean;
}

export interface MenuSection {
  heading?: string;
  items: readonly MenuItem[];
}

interface MenuProps {
  label: ComponentChildren;
  sections: readonly MenuSection[];
  class?: string;
  /** The name of the button, where the label shows no words. */
  name?: string;
}

/** A button with a menu. The menu is in the browser's top layer, so that nothing cuts it off. */
export function Menu({ label, sections, class: look = "button button-quiet", name }: MenuProps) {
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);

  // What is in the menu is drawn once it is open, and only then has a size and something to focus.
  useLayoutEffect(() => {
    if (!isOpen) return;
    place(list.current!, button.current!);
    items(list.current!)[0]?.focus();
  }, [isOpen]);

  const show = () => {
    setOpen(true);
    list.current!.showPopover();
  };
  const hide = () => list.current?.hidePopover();

  const move = (event: KeyboardEvent) => {
    const all = items(list.current!);
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === "Tab") hide();
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    all[(to + all.length) % all.length]?.focus();
  };

  return (
    <>
      <button type="button" ref={button} class={look} aria-haspopup="menu" aria-expanded={isOpen} aria-controls={id} aria-label={name} title={name} onClick={() => (isOpen ? hide() : show())} onKeyDown={(event) => { if (event.key === "ArrowDown") { event.preventDefault(); show(); } }}>
        {label}
      </button>
      <div id={id} ref={list} class="menu" role="menu" popover="auto" onKeyDown={move} onToggle={(event) => { const opened = event.newState === "open"; setOpen(opened); if (!opened) button.current?.focus(); }}>
        {isOpen && sections.map((section, at) => (
          <div key={at} role="group" class="menu-section" aria-label={section.heading}>
            {section.heading && <p class="menu-heading" aria-hidden="true">{section.heading}</p>}
            {section.items.map((item) => <Item key={item.label} item={item} close={hide} />)}
          </div>
        ))}
      </div>
    </>
  );
}

function Item({ item, close }: { item: MenuItem; close: () => void }) {
  const choice = item.checked !== undefined;
  return (
    <button type="button" class={item.danger ? "menu-item menu-item-danger" : "menu-item"} role={choice ? "menuitemradio" : "menuitem"} aria-checked={choice ? item.checked : undefined} disabled={item.disabled} tabIndex={-1} onClick={() => { close(); item.run(); }}>
      {choice ? <span class="menu-check">{item.checked && <Icon shapes={check} size={16} />}</span> : item.icon && <Icon shapes={item.icon} size={18} />}
      {item.label}
    </button>
  );
}

const items = (list: HTMLElement) => [...list.querySelectorAll<HTMLElement>("[role^=menuitem]:not(:disabled)")];

const GAP = 4;
const EDGE = 8;

/** Below the button, or above it where there is no room; never past the edge of the window. */
function place(list: HTMLElement, button: HTMLElement): void {
  const around = button.getBoundingClientRect();
  const { width, height } = list.getBoundingClientRect();
  const below = around.bottom + GAP + height <= innerHeight - EDGE;
  list.style.top = `${Math.max(EDGE, below ? around.bottom + GAP : around.top - GAP - height)}px`;
  list.style.left = `${Math.max(EDGE, Math.min(around.left, innerWidth - EDGE - width))}px`;
}
