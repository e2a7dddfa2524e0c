// Gives the images of an export the times and the ids that they would have, had they been uploaded over some months: node date.mjs FOLDER
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { photos } from "./content.mjs";

const DAY_MS = 86_400_000;

const manifest = join(process.argv[2], "images.jsonl");
const stem = (name) => name.replace(/\.[^.]*$/, "");
const ages = new Map(photos.flatMap(({ pictures }) => pictures.map(({ name, days }) => [stem(name), days])));

/** The id of that time: a UUIDv7 begins with it, and lists go by it. */
function idAt(id, ms) {
  const time = ms.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-${id.slice(14)}`;
}

const lines = (await readFile(manifest, "utf8")).trim().split("\n");
const dated = lines.map((line) => {
  const image = JSON.parse(line);
  const ms = Math.round(Date.now() - ages.get(stem(image.name)) * DAY_MS);
  return JSON.stringify({ ...image, id: idAt(image.id, ms), created_at: new Date(ms).toISOString() });
});
await writeFile(manifest, `${dated.join("\n")}\n`);
