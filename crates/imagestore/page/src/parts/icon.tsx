import { h } from "preact";

/** What `import trash from "icon:trash"` gives; the names are those of Lucide. */
export type Shapes = readonly (readonly [string, Readonly<Record<string, string>>])[];

/** An icon beside words, or within something that has a label: it is not read aloud itself. */
export function Icon({ shapes, size = 20 }: { shapes: Shapes; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">
      {shapes.map(([name, attributes], at) => h(name, { key: at, ...attributes }))}
    </svg>
  );
}
