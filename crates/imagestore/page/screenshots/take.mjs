// Takes the pictures: node take.mjs FOLDER [VIEW ...]. PAGE is the address of a store that fill.mjs and date.mjs made; PNG names a folder
// where the browser's own files are kept, too.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withPage } from "../tests/browser.mjs";
import { ask, upload } from "./store.mjs";
import { views } from "./views.mjs";

const store = process.env.PAGE;
const [folder, ...wanted] = process.argv.slice(2);

/** The address that the page is shown with, as in the README; the browser looks for it where the store is. */
const ADDRESS = "http://127.0.0.1:8000";
const at = { baseURL: ADDRESS, args: [`--host-resolver-rules=MAP ${new URL(ADDRESS).host} ${new URL(store).host}`] };

const SCHEMES = ["light", "dark"];
const MOST_BYTES = 120_000;

/** Waits until nothing moves any more, such as a picture that appears. */
const still = (page) =>
  page.evaluate(() => {
    const ending = document.getAnimations().filter(({ effect }) => effect.getComputedTiming().iterations !== Infinity);
    return Promise.all(ending.map(({ finished }) => finished.catch(() => undefined)));
  });

const unknown = wanted.filter((name) => !views[name]);
if (unknown.length > 0) throw new Error(`there is no view ${unknown.join(", ")}; there are ${Object.keys(views).join(", ")}`);

const pictures = [];
for (const [name, { window, open }] of Object.entries(views)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  await withPage(async (page) => {
    await open(page, store);
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      await still(page);
      const picture = { name: `${name}-${colorScheme}`, png: await page.screenshot() };
      if (process.env.PNG) await writeFile(join(process.env.PNG, `${picture.name}.png`), picture.png);
      pictures.push(picture);
    }
  }, { ...at, ...window });
}

// When all are taken: what is uploaded would be seen in them.
for (const { name, png } of pictures) {
  const { id } = await upload(store, png, { name });
  const webp = Buffer.from(await (await ask(`${store}/i/${id}.webp?max_bytes=${MOST_BYTES}`)).arrayBuffer());
  await writeFile(join(folder, `${name}.webp`), webp);
  console.log(`${name}.webp: ${Math.ceil(webp.length / 1000)} KB`);
}
