// Every view, light and dark, on a wide screen and on a phone; with SCREENSHOTS=FOLDER a picture of each is kept there.
import assert from "node:assert/strict";
import test from "node:test";
import { accessible, base, PHONE, upload, WIDE, withPage } from "./browser.mjs";

const folder = process.env.SCREENSHOTS;

const images = [];
for (const seed of [1, 2, 3, 5, 8, 13]) images.push(await upload(`view-${seed}.png`, 480, 320, seed));
const [{ id }] = images;
const post = async (path, body) => (await fetch(base + path, { method: "POST", body: JSON.stringify(body) })).json();
const album = await post("/v1/albums", { name: "Views" });
await post(`/v1/albums/${album.id}/images`, { ids: images.map((image) => image.id) });

/** Each view, and what is there when it has what it shows. */
const views = {
  gallery: ["/", "main img"],
  album: [`/ui/album/${album.id}`, "main img"],
  image: [`/ui/image/${id}`, "main img"],
  upload: ["/ui/upload", "main h1"],
  transform: [`/ui/transform/${id}?w=320&sepia=1`, ".wb-result img"],
  compare: [`/ui/compare/${id}`, ".plot-line"],
  jobs: ["/ui/jobs", "main h1"],
  system: ["/ui/system", "main h1"],
  missing: ["/ui/nowhere", "main h1"],
};

for (const [name, [path, sign]] of Object.entries(views)) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [size, viewport] of Object.entries({ desktop: WIDE, phone: PHONE })) {
      test(`${name} is sound, ${colorScheme}, on a ${size}`, () =>
        withPage(
          async (page) => {
            await page.goto(base + path);
            await page.waitForSelector(sign);
            await page.waitForLoadState("load");
            await accessible(page);
            assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth && document.querySelector("main").scrollWidth <= innerWidth));
            if (folder) await page.screenshot({ path: `${folder}/${name}-${colorScheme}-${size}.png` });
          },
          { colorScheme, viewport, hasTouch: size === "phone" },
        ));
    }
  }
}
