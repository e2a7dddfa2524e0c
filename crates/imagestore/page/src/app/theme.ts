import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const KEPT = "theme";

const kept = localStorage.getItem(KEPT);

export const theme = signal<Theme>(kept === "light" || kept === "dark" ? kept : "system");

export function choose(chosen: Theme): void {
  theme.value = chosen;
  document.documentElement.style.colorScheme = chosen === "system" ? "" : chosen;
  if (chosen === "system") localStorage.removeItem(KEPT);
  else localStorage.setItem(KEPT, chosen);
}
