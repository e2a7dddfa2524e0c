// Pictures of the views for the README, of a store with photos in it (PHOTOS) as people keep them. They are kept in the folder SCREENSHOTS.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import test from "node:test";
import { base, PHONE, withPage } from "./browser.mjs";
import { settled } from "./steps/compare.mjs";
import { order } from "./steps/jobs.mjs";

const { PHOTOS, SCREENSHOTS } = process.env;
assert.ok(PHOTOS && SCREENSHOTS, "PHOTOS and SCREENSHOTS name folders");

const DESKTOP = { width: 1280, height: 900 };

/** Photos under CC-BY-4.0 and CC0-1.0: docs/screenshots/README.md says whose they are. Parts of them are pictures, too. */
const photos = [
  { name: "umang", file: "umang_by_Abhishek_Mudgal", tags: ["abstract"] },
  { name: "djembe", file: "Wine_by_Jakkub_Mede", tags: ["music"], parts: { drum: "w=1200&h=1200&gravity=south" } },
  { name: "dandelion", file: "seeding_by_Clements_Engelhardt", tags: ["macro"], parts: { meadow: "w=1500&h=1500&gravity=east" } },
  { name: "aitzgorri", file: "aitzgorri_by_Aitzol_Berasategi", tags: ["autumn", "hike"], parts: { larches: "w=1000&h=1000&gravity=west" } },
  { name: "fig", file: "Picture_0B_by_freespace", tags: ["kitchen"], parts: { shadow: "w=900&h=900&gravity=northwest" } },
  { name: "brook", file: "life_by_Aitzol_Berasategi", tags: ["hike"], parts: { rocks: "w=1100&h=1100&gravity=southeast", forest: "w=1100&h=1100&gravity=northwest" } },
  { name: "brushes", file: "Picture_1A_by_freespace", tags: ["studio"], parts: { bristles: "w=700&h=700&gravity=northwest" } },
  { name: "two-friends", file: "friends_by_Aitzol_Berasategi", tags: ["dogs"], parts: { waiting: "w=1200&h=900&gravity=fp:0.5:0.35" } },
  { name: "sunset", file: "sunset_by_Aitzol_Berasategi", tags: ["hike"], parts: { hills: "w=1100&h=1100&gravity=west" } },
  { name: "picos-de-europa", file: "picosdeeuropa_by_Aitzol_Berasategi", tags: ["hike"], parts: { summit: "w=1000&h=1000&gravity=northeast", path: "w=1000&h=1000&gravity=southwest", cloud: "w=1000&h=1000&gravity=northwest" } },
];

const call = async (method, path, body) => {
  const answer = await fetch(base + path, { method, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${await answer.clone().text()}`);
  return answer.json();
};

const keep = async (name, body) => {
  const answer = await fetch(`${base}/v1/images?name=${name}`, { method: "POST", body });
  assert.equal(answer.status, 201, await answer.clone().text());
  return (await answer.json()).id;
};

const bytesOf = async (path) => {
  const answer = await fetch(base + path);
  assert.ok(answer.ok, `${path}: ${await answer.clone().text()}`);
  return Buffer.from(await answer.arrayBuffer());
};

/** The ids of all pictures by name. */
const ids = {};

const keepTagged = async (name, tags, bytes) => {
  ids[name] = await keep(`${name}.jpg`, bytes);
  await call("PATCH", `/v1/images/${ids[name]}`, { tags });
};

/** A small part of a photo, so that the whole ones are what the gallery begins with. */
const cut = async (photo, query) => {
  const id = await keep("whole", photo);
  const part = await bytesOf(`/i/${id}.jpg?fit=cover&q=90&${query}`);
  await fetch(`${base}/v1/images/${id}?purge=true`, { method: "DELETE" });
  return part;
};

for (const photo of photos) photo.original = await readFile(`${PHOTOS}/${photo.file}.jpg`);
// What came last is the first of the gallery. Parts of one photo do not stand beside each other.
for (const turn of [2, 1, 0]) {
  for (const { tags, original, parts } of photos) {
    const [name, query] = Object.entries(parts ?? {})[turn] ?? [];
    if (name) await keepTagged(name, tags, await cut(original, query));
  }
}
for (const { name, tags, original } of photos) await keepTagged(name, tags, original);

const album = async (name, cover, names) => {
  const { id } = await call("POST", "/v1/albums", { name });
  await call("POST", `/v1/albums/${id}/images`, { ids: names.map((name) => ids[name]) });
  await call("PATCH", `/v1/albums/${id}`, { cover_image_id: ids[cover] });
};
await album("Studio", "brushes", ["fig", "shadow", "brushes", "bristles", "djembe"]);
await album("Autumn walks", "aitzgorri", ["aitzgorri", "larches", "brook", "forest", "rocks", "hills"]);
await album("Picos de Europa", "picos-de-europa", ["picos-de-europa", "summit", "path", "cloud"]);

/** Waits until no job is left to be done. */
const idle = async () => {
  for (;;) {
    const open = await Promise.all(["queued", "leased", "running"].map((status) => call("GET", `/v1/jobs?status=${status}&limit=1`)));
    if (open.every(({ jobs }) => jobs.length === 0)) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
};

/** Pictures as the browser gives them, made small when nothing more is looked at: they are images of the store then. */
const taken = {};

const look = (name, path, ready, { viewport = DESKTOP, schemes = ["light", "dark"], ...options } = {}) =>
  test(`${name} is kept as a picture`, async () => {
    for (const colorScheme of schemes) {
      await withPage(
        async (page) => {
          await page.goto(base + path);
          await ready(page);
          await page.waitForLoadState("networkidle");
          await page.evaluate(() => document.fonts.ready);
          taken[`${name}-${colorScheme}`] = await page.screenshot();
        },
        { viewport, colorScheme, ...options },
      );
    }
  });

const pictured = (selector) => (page) => page.waitForFunction((selector) => {
  const pictures = [...document.querySelectorAll(selector)];
  return pictures.length > 0 && pictures.every((picture) => picture.complete);
}, selector);

await order(base, ids["picos-de-europa"], { target: "high", formats: "webp" });
await idle();

look("gallery", "/", pictured("main img"));
look("detail", `/ui/image/${ids["picos-de-europa"]}`, pictured("main img"));
look("workbench", `/ui/transform/${ids["two-friends"]}?w=900&h=600&fit=cover&gravity=fp:0.5:0.35&round=24&q=80&format=webp`, pictured(".wb-result img"));
look("compare", `/ui/compare/${ids.brushes}`, (page) => settled(page).then(() => page.waitForSelector(".plot-line")), { viewport: { width: 1280, height: 1190 } });
const phone = { viewport: PHONE, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
look("phone-gallery", "/", pictured("main img"), phone);
look("phone-detail", `/ui/image/${ids.fig}`, pictured("main img"), phone);

test("orders are worked on", async () => {
  for (const name of ["shadow", "bristles", "waiting", "hills", "larches", "cloud"]) await order(base, ids[name], { target: "high", formats: "webp,jpg" });
  await idle();
  await order(base, ids.brook, { target: "visually-lossless", formats: "avif", name: "archive" });
  await order(base, ids.djembe, { target: "high", formats: "avif" });
});
look("jobs", "/ui/jobs", (page) => page.locator(".jobs-list").getByText("Running").first().waitFor());
look("system", "/ui/system", (page) => page.waitForSelector("main svg"));

test("the store makes the pictures small", async () => {
  for (const [name, png] of Object.entries(taken)) {
    const id = await keep(`${name}.png`, png);
    await writeFile(`${SCREENSHOTS}/${name}.webp`, await bytesOf(`/i/${id}.webp?q=82`));
  }
});
