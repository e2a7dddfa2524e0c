// What a person does with the page in a first hour, step after step. Each step goes on with what the ones before it left.
import assert from "node:assert/strict";
import test from "node:test";
import { accessible, base, withPage } from "./browser.mjs";
import { png } from "./picture.mjs";
import * as access from "./steps/access.mjs";
import * as compare from "./steps/compare.mjs";
import { deleteTile, tiles } from "./steps/gallery.mjs";
import * as jobs from "./steps/jobs.mjs";
import * as uploads from "./steps/upload.mjs";
import * as workbench from "./steps/workbench.mjs";

const mark = jobs.unique("walk");
const FILES = 20;
const BROKEN = 13;
const nameOf = (number) => `${mark}-${String(number).padStart(2, "0")}.png`;
const SOUGHT = nameOf(7);

const record = async (id) => (await fetch(`${base}/v1/images/${id}`)).json();

/** Steps of a test, of which those after a failed one are left out: they cannot go on with what it should have left. */
function stepsOf(t) {
  let failed = false;
  return (name, run) =>
    t.test(name, { skip: failed && "a step before it failed" }, async () => {
      failed = true;
      await run();
      failed = false;
    });
}

/** The points of the picture that is shown, and of the one that an address gives. */
const pointsOf = (page, address) =>
  page.evaluate(async (url) => {
    const points = async (picture) => {
      await picture.decode();
      const canvas = new OffscreenCanvas(picture.naturalWidth, picture.naturalHeight);
      const context = canvas.getContext("2d");
      context.drawImage(picture, 0, 0);
      return [canvas.width, canvas.height, ...context.getImageData(0, 0, canvas.width, canvas.height).data];
    };
    const given = Object.assign(new Image(), { src: url });
    return { shown: await points(document.querySelector(".wb-result img")), given: await points(given) };
  }, address);

test("from the first upload to what is deleted and comes back", (t) =>
  withPage(async (page, told) => {
    const step = stepsOf(t);
    let sought;

    await step("twenty files go up, one of them broken", async () => {
      await uploads.open(page, base);
      const files = Array.from({ length: FILES }, (_, number) => uploads.fresh(240 + number, 160));
      files[BROKEN] = files[BROKEN].subarray(0, files[BROKEN].length / 2);
      await uploads.choose(page, files.map((bytes, number) => uploads.file(nameOf(number), bytes)));
      await page.getByRole("status").filter({ hasText: `${FILES - 1} of ${FILES} stored · 1 failed` }).waitFor();
      assert.match(await uploads.row(page, nameOf(BROKEN)).innerText(), /cannot be read.*request/s);
      sought = await uploads.idOf(page, SOUGHT);
      const { images } = await (await fetch(`${base}/v1/images?name=${mark}&limit=100`)).json();
      assert.deepEqual(images.map(({ name }) => name).sort(), files.map((_, number) => nameOf(number)).filter((name) => name !== nameOf(BROKEN)));
      await accessible(page);
      // The browser notes the refused request by itself.
      assert.equal(told.splice(0).length, 1);
    });

    await step("a large file is paused, goes on where it was, and arrives as it is", async () => {
      const name = `large-${mark}.png`;
      const bytes = uploads.large(6_000_000);
      const offsets = await uploads.pauseAndResume(page, name, bytes);
      assert.equal(offsets[0], 0);
      assert.ok(offsets.at(-1) > 0, offsets.join());
      const { urls } = await record(await uploads.idOf(page, name));
      const stored = Buffer.from(await (await fetch(base + new URL(urls.download).pathname)).arrayBuffer());
      assert.ok(stored.equals(bytes));
    });

    await step("one is found by its name", async () => {
      await page.getByRole("link", { name: "Gallery" }).click();
      await page.getByRole("searchbox").fill(SOUGHT.slice(0, -".png".length));
      await page.getByText("1 image", { exact: true }).waitFor();
      await page.locator(".tile-picture-shown").waitFor();
      await accessible(page);
      await tiles(page).click();
      await page.getByRole("heading", { name: SOUGHT }).waitFor();
      assert.equal(new URL(page.url()).pathname, `/ui/image/${sought}`);
      await accessible(page);
    });

    await step("it is transformed, and the address that is shown gives the picture that is shown", async () => {
      await page.getByRole("main").getByRole("link", { name: "Transform" }).click();
      await workbench.width(page).fill("120");
      await page.getByRole("spinbutton", { name: "Height" }).first().fill("120");
      await page.getByRole("radio", { name: "Cover" }).check();
      await workbench.shown(page, 120, 120);
      const address = new URL(await workbench.address(page));
      assert.equal(address.pathname + address.search, `/i/${sought}?w=120&h=120&fit=cover`);
      const { shown, given } = await pointsOf(page, address.href);
      assert.deepEqual(shown.slice(0, 2), [120, 120]);
      assert.ok(Buffer.from(shown).equals(Buffer.from(given)), "both show the same points");
      await accessible(page);
    });

    await step("it is compressed and compared, and the best is kept", async () => {
      await page.goto(`${base}/ui/image/${sought}`);
      await page.getByRole("main").getByRole("link", { name: "Compress" }).click();
      await compare.settled(page);
      const { bytes, saved, score } = await compare.figures(page, "AVIF");
      assert.match(bytes, /B|byte/);
      assert.ok(parseInt(saved) > 0, saved);
      assert.ok(Number(score) >= 80, score);
      await page.getByRole("radio", { name: "Show AVIF" }).check();
      await page.getByRole("img", { name: `${SOUGHT} as AVIF` }).waitFor();
      await accessible(page);
      await page.getByRole("button", { name: "Compress this picture" }).click();
      await page.getByText("Stored as “compress”").waitFor();
      const { variants } = await (await fetch(`${base}/v1/images/${sought}/variants`)).json();
      assert.ok(variants.find(({ variant }) => variant === "compress").bytes < (await record(sought)).bytes);
    });

    await step("a job fails, says why, and is done at the next try", async () => {
      const { images } = await (await fetch(`${base}/v1/images?name=${nameOf(8)}`)).json();
      const { id } = images[0];
      const name = `${mark}-job`;
      await jobs.open(page, base);
      await jobs.order(base, id, { max_bytes: 250, formats: "webp", name });
      const job = jobs.row(page, name);
      await job.getByText("Failed", { exact: true }).waitFor();
      await job.getByText(/the smallest file has .* at most 250 are asked for/).waitFor();
      await accessible(page);
      // A simpler picture in its place can be as small as was asked for.
      assert.equal((await fetch(`${base}/v1/images/${id}/file`, { method: "PUT", body: png(8, 8) })).status, 200);
      await job.getByRole("button", { name: "Try again" }).click();
      await job.getByText("Done", { exact: true }).waitFor();
      await job.getByRole("link", { name: "Result" }).waitFor();
    });

    await step("what is deleted comes back", async () => {
      await page.goto(`${base}/?name=${mark}`);
      await page.getByText(`${FILES - 1} images`).waitFor();
      await deleteTile(page, 0);
      await page.getByText(`${FILES - 2} images`).waitFor();
      await accessible(page);
      await page.getByRole("button", { name: "Undo" }).click();
      await page.getByText(`${FILES - 1} images`).waitFor();
    });
  }));

test("what is one's own stays so on a store that asks for keys", { skip: access.skip }, (t) =>
  withPage(async (page, told) => {
    const step = stepsOf(t);
    const [anna, boris] = [await access.newUser(`anna-${mark}`), await access.newUser(`boris-${mark}`)];
    const gallery = async () => (await page.getByRole("link", { name: "Gallery" }).click(), page.getByRole("heading", { name: "Gallery" }).waitFor());
    let id;

    await step("one signs in and uploads what only she may see", async () => {
      await access.signIn(page, anna.key, "/ui/upload");
      await page.getByLabel("Who may see them").selectOption("private");
      await uploads.choose(page, [uploads.file(SOUGHT, uploads.fresh())]);
      await uploads.isNow(page, SOUGHT, "done");
      id = await uploads.idOf(page, SOUGHT);
      await gallery();
      await page.getByText("1 image", { exact: true }).waitFor();
      await page.locator(".tile-picture-shown").waitFor();
      await accessible(page);
    });

    await step("she signs out, and nobody sees it", async () => {
      await access.signOut(page);
      assert.deepEqual(await page.context().cookies(), []);
      await accessible(page);
      assert.equal((await page.request.get(`${access.base}/i/${id}`)).status(), 404);
    });

    await step("another one signs in and sees nothing of it, also not by its address", async () => {
      await access.signIn(page, boris.key, "/");
      await page.getByRole("heading", { name: "No images yet" }).waitFor();
      await accessible(page);
      for (const path of [`/i/${id}`, `/i/${id}?w=100`, `/download/${id}`, `/v1/images/${id}`]) {
        assert.equal((await page.request.get(access.base + path)).status(), 404, path);
      }
      assert.deepEqual(told, []);
      await page.goto(`${access.base}/ui/image/${id}`);
      await page.getByText("This is not there any more").waitFor();
      // The browser tells of every answer that is an error, of this one rightly.
      assert.ok(told.splice(0).every((line) => line.includes("404")));
    });
  }));
