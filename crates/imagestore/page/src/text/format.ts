import { language } from "./language";

/** Makes each formatter once: making one takes longer than a hundred uses of it. */
function once<Options, Formatter>(make: (spoken: string, options: Options) => Formatter): (options: Options) => Formatter {
  const made = new Map<string, Formatter>();
  return (options) => {
    const key = language.value + JSON.stringify(options);
    const present = made.get(key) ?? make(language.value, options);
    made.set(key, present);
    return present;
  };
}

const dates = once((spoken, options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(spoken, options));
const numbers = once((spoken, options: Intl.NumberFormatOptions) => new Intl.NumberFormat(spoken, options));

/** Sizes as file managers show them: `1.4 MB`, by powers of 1000. */
export function bytes(count: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
  let step = 0;
  let shown = count;
  while (Math.abs(shown) >= 999.5 && step < units.length - 1) {
    shown /= 1000;
    step += 1;
  }
  const digits = step > 0 && Math.abs(shown) < 9.95 ? 1 : 0;
  return numbers({ style: "unit", unit: units[step], unitDisplay: step === 0 ? "long" : "short", maximumFractionDigits: digits }).format(shown);
}

export function number(value: number, digits = 0): string {
  return numbers({ maximumFractionDigits: digits }).format(value);
}

/** A part of one, such as 0.42, as `42 %`. */
export function percent(part: number, digits = 0): string {
  return numbers({ style: "percent", maximumFractionDigits: digits }).format(part);
}

export function date(at: string | Date): string {
  return dates({ dateStyle: "medium" }).format(new Date(at));
}

export function dateTime(at: string | Date): string {
  return dates({ dateStyle: "medium", timeStyle: "short" }).format(new Date(at));
}

export function time(at: string | Date): string {
  return dates({ timeStyle: "medium" }).format(new Date(at));
}

export function month(at: string | Date): string {
  const said = dates({ month: "long", year: "numeric", timeZone: "UTC" }).format(new Date(at));
  return said.charAt(0).toLocaleUpperCase(language.value) + said.slice(1);
}

/** How long something took or takes: `340 ms`, `2.4 s`, `3 min`. */
export function duration(seconds: number): string {
  const [value, unit, digits] =
    seconds < 1 ? ([seconds * 1000, "millisecond", 0] as const)
    : seconds < 90 ? ([seconds, "second", seconds < 10 ? 1 : 0] as const)
    : seconds < 5400 ? ([seconds / 60, "minute", 0] as const)
    : ([seconds / 3600, "hour", 1] as const);
  return numbers({ style: "unit", unit, unitDisplay: "short", maximumFractionDigits: digits }).format(value);
}

/** A time that was promised, in whole units of the largest kind: `30 days`. Less than the time itself is said, never more. */
export function period(seconds: number): string {
  const [unit, length] =
    seconds >= 86_400 ? (["day", 86_400] as const)
    : seconds >= 3600 ? (["hour", 3600] as const)
    : seconds >= 60 ? (["minute", 60] as const)
    : (["second", 1] as const);
  return numbers({ style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 0 }).format(Math.floor(seconds / length));
}

/** How long ago something was, or how soon it will be: `5 minutes ago`. */
export function ago(at: string | Date, now = Date.now()): string {
  const seconds = (new Date(at).getTime() - now) / 1000;
  const steps = [[60, "second"], [3600, "minute"], [86_400, "hour"], [2_592_000, "day"], [31_536_000, "month"], [Infinity, "year"]] as const;
  let unitSeconds = 1;
  for (const [limit, unit] of steps) {
    if (Math.abs(seconds) < limit) return new Intl.RelativeTimeFormat(language.value, { numeric: "auto" }).format(Math.round(seconds / unitSeconds), unit);
    unitSeconds = limit;
  }
  return dateTime(at);
}
