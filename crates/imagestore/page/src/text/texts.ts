import { language, type Language } from "./language";

/** One text in both languages. `{name}` in it is a place for a value, and has to be in both. */
interface Plain {
  en: string;
  ru: string;
}

/** A text that depends on `{count}`, with the forms that each language has for whole numbers. */
interface Counted {
  en: { one: string; other: string };
  ru: { one: string; few: string; many: string };
}

type Places<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Places<Rest> : never;

type Value = string | number;

type Said<Entry> = Entry extends { en: infer Text extends string }
  ? [Places<Text>] extends [never]
    ? () => string
    : (values: Record<Places<Text>, Value>) => string
  : Entry extends { en: { other: infer Text extends string } }
    ? (values: Record<Places<Text> | "count", Value>) => string
    : never;

type Spoken<Entries> = { readonly [Key in keyof Entries]: Said<Entries[Key]> };

const numbers: Record<Language, Intl.NumberFormat> = { en: new Intl.NumberFormat("en"), ru: new Intl.NumberFormat("ru") };
const plurals: Record<Language, Intl.PluralRules> = { en: new Intl.PluralRules("en"), ru: new Intl.PluralRules("ru") };

/**
 * The texts of a feature as functions: `const text = texts({ title: { en: "Jobs", ru: "Задания" } })`, `text.title()`.
 * Values go where their name stands in braces; a number is written as the language writes it, and `count` chooses the form.
 */
export function texts<const Entries extends Record<string, Plain | Counted>>(entries: Entries): Spoken<Entries> {
  const spoken = Object.entries(entries).map(([key, entry]) => [key, (values: Record<string, Value> = {}) => say(entry, values)]);
  return Object.fromEntries(spoken) as Spoken<Entries>;
}

function say(entry: Plain | Counted, values: Record<string, Value>): string {
  const spoken = language.value;
  const form = entry[spoken];
  const text = typeof form === "string" ? form : chosen(form, spoken, Number(values["count"]));
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name] ?? "";
    return typeof value === "number" ? numbers[spoken].format(value) : value;
  });
}

/** Fractions have a form of their own in some languages; they are said as many are. */
function chosen(forms: Partial<Record<Intl.LDMLPluralRule, string>>, spoken: Language, count: number): string {
  return forms[plurals[spoken].select(count)] ?? forms.other ?? forms.many ?? "";
}
