import { signal } from "@preact/signals";
import type { Operation, UploadFields, Visibility } from "../api";

export type AndThen = "nothing" | "compress" | Operation["operation"];

/** What the form says is to become of files that are added. */
export interface Form {
  album: string;
  tags: string;
  visibility: Visibility | "";
  andThen: AndThen;
  goal: string;
  width: string;
  height: string;
  text: string;
}

/** The same as the service takes it, for one file. */
export interface Wishes {
  fields: UploadFields;
  operation?: Operation;
}

export const GOALS = ["visually-lossless", "high", "medium", "low"] as const;

/** What the service takes. */
const SIDE = { least: 10, most: 10_000 };
const TEXT = { least: 10, most: 64 };

export const form = signal<Form>({
  album: "",
  tags: "",
  visibility: "",
  andThen: "nothing",
  goal: "high",
  width: "1600",
  height: "1200",
  text: "",
});

export function change(changes: Partial<Form>): void {
  form.value = { ...form.value, ...changes };
}

export type Mistake = "width" | "height" | "text";

/** The fields of the form that the service would refuse. */
export function mistakes({ andThen, width, height, text }: Form): Mistake[] {
  const isSide = (typed: string) => /^\d+$/.test(typed.trim()) && Number(typed) >= SIDE.least && Number(typed) <= SIDE.most;
  const characters = [...text.trim()].length;
  const found: Mistake[] = [];
  if (andThen === "resize" && !isSide(width)) found.push("width");
  if (andThen === "resize" && !isSide(height)) found.push("height");
  if (andThen === "watermark" && (characters < TEXT.least || characters > TEXT.most)) found.push("text");
  return found;
}

export function wishesOf(filled: Form): Wishes {
  const tags = filled.tags.split(",").map((tag) => tag.trim()).filter(Boolean).join(",");
  const then = filled.andThen === "compress" ? `compress:${filled.goal}` : undefined;
  return {
    fields: { album: filled.album || undefined, tags: tags || undefined, visibility: filled.visibility || undefined, then },
    operation: operationOf(filled),
  };
}

function operationOf({ andThen, width, height, text }: Form): Operation | undefined {
  switch (andThen) {
    case "resize":
      return { operation: "resize", width: Number(width), height: Number(height) };
    case "thumbnail":
      return { operation: "thumbnail" };
    case "watermark":
      return { operation: "watermark", text: text.trim() };
    default:
      return undefined;
  }
}
