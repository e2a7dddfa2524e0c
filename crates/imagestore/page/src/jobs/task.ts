import type { Job } from "../api";
import { format, formatName } from "../text";
import { text } from "./text";

/** What is to be made, in words. */
export function sayTask({ goal, formats }: Job["task"]): string {
  const made = goal ? text.compressTo({ goal: sayGoal(goal) }) : text.transform();
  return `${made}, ${sayFormats(formats)}`;
}

/** The goal stands in a task as in an address: `target=80`, `max_bytes=200000`, `q=75`. */
function sayGoal(goal: string): string {
  const [name, value = ""] = goal.split("=");
  if (name === "max_bytes") return text.goalBytes({ bytes: format.bytes(Number(value)) });
  if (name === "q") return text.goalQuality({ quality: value });
  return value === "lossless" ? text.goalLossless() : text.goalScore({ score: value || goal });
}

function sayFormats(formats: string | undefined): string {
  if (!formats || formats === "auto") return text.anyFormat();
  if (formats === "same") return text.sameFormat();
  return text.asFormats({ formats: formats.split(",").map(formatName).join(", ") });
}

/** What is done to the pixels first, as in an address. */
export const sayTransform = (transform: string | undefined) => decodeURIComponent((transform ?? "").replace(/&$/, "").replaceAll("+", " "));
