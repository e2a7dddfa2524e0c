// Fills a store with the photos and their parts, which the store cuts itself: node fill.mjs STORE FOLDER
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { photos } from "./content.mjs";
import { ask, upload } from "./store.mjs";

const [store, folder] = process.argv.slice(2);

/** More than a screen shows, and little work. */
const WIDEST = 2400;

for (const { file, caption, tags, pictures } of photos) {
  const photo = await readFile(join(folder, file));
  const source = await upload(store, photo, { name: file });
  for (const { name, part, format = "jpg" } of pictures) {
    const bytes = part ? await cut(source, part, format) : photo;
    const { id } = await upload(store, bytes, { name: name.replace(/[^.]*$/, part ? format : "jpg"), tags });
    await ask(`${store}/v1/images/${id}`, { method: "PATCH", body: JSON.stringify({ metadata: { caption } }) });
  }
  await ask(`${store}/v1/images/${source.id}?purge=true`, { method: "DELETE" });
}

async function cut({ id, width, height }, [x, y, wide, high], format) {
  const crop = [x * width, y * height, wide * width, high * height].map(Math.round).join();
  const answer = await ask(`${store}/i/${id}.${format}?crop=${crop}&w=${WIDEST}&q=${format === "avif" ? 75 : 90}`);
  return Buffer.from(await answer.arrayBuffer());
}
