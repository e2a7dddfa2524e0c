import { effect, signal } from "@preact/signals";

export type Language = "en" | "ru";

export const languages: readonly { code: Language; name: string }[] = [
  { code: "en", name: "English" },
  { code: "ru", name: "Русский" },
];

const KEPT = "language";

function initial(): Language {
  const kept = localStorage.getItem(KEPT);
  if (kept === "en" || kept === "ru") return kept;
  const preferred = navigator.languages.find((tag) => /^(en|ru)\b/.test(tag));
  return preferred?.startsWith("ru") ? "ru" : "en";
}

/** The language that the page speaks. Whatever reads a text while it renders is rendered again when it changes. */
export const language = signal<Language>(initial());

export function speak(chosen: Language): void {
  language.value = chosen;
  localStorage.setItem(KEPT, chosen);
}

effect(() => {
  document.documentElement.lang = language.value;
});
