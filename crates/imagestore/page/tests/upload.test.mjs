import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { accessible, base, PHONE, withPage } from "./browser.mjs";
import { choose, file, fresh, idOf, isNow, large, open, pauseAndResume, row, throttle, underWay } from "./steps/upload.mjs";

const jobOf = async (id) => (await (await fetch(`${base}/v1/jobs?image_id=${id}`)).json()).jobs[0];

test("several files go up at once, and what fails says why", () =>
  withPage(async (page, told) => {
    await open(page, base);
    await accessible(page);
    const whole = fresh();
    await choose(page, [file("one.png", whole), file("two.png", fresh()), file("cut.png", whole.subarray(0, whole.length / 2)), file("notes.png", Buffer.from("no picture"))]);
    await isNow(page, "one.png", "done");
    await isNow(page, "two.png", "done");
    await isNow(page, "cut.png", "failed");
    await isNow(page, "notes.png", "failed");
    assert.match(await row(page, "cut.png").innerText(), /cannot be read.*request/s);
    assert.match(await row(page, "notes.png").innerText(), /kind of file is not taken/);
    await page.getByRole("status").filter({ hasText: "2 of 4 stored · 2 failed" }).waitFor();
    await accessible(page);
    // The browser notes refused requests by itself.
    assert.equal(told.splice(0).length, 2);
  }));

test("bytes that are there already are marked, and the copy can be removed", () =>
  withPage(async (page) => {
    await open(page, base);
    const bytes = fresh();
    await choose(page, [file("first.png", bytes)]);
    await isNow(page, "first.png", "done");
    await choose(page, [file("second.png", bytes)]);
    await row(page, "second.png").getByText("The same bytes were here already.").waitFor();
    await row(page, "second.png").getByRole("button", { name: "Remove this copy" }).click();
    await row(page, "second.png").waitFor({ state: "detached" });
  }));

test("a large file is paused and goes on where it was", () =>
  withPage(async (page) => {
    await open(page, base);
    const offsets = await pauseAndResume(page, "large.png", large(6_000_000));
    assert.equal(offsets[0], 0);
    assert.ok(offsets.at(-1) > 0, offsets.join());
  }));

test("an upload that was cut off by closing the page goes on when its file is chosen again", () =>
  withPage(async (page) => {
    await open(page, base);
    await throttle(page, 1_500_000);
    // The browser knows a file again by its name, size and time, which a file given in memory does not keep.
    const bytes = large(6_000_000);
    const put = (data) =>
      page.evaluate((base64) => {
        const transfer = new DataTransfer();
        const content = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        transfer.items.add(new File([content], "later.png", { type: "image/png", lastModified: 1_700_000_000_000 }));
        document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
      }, data.toString("base64"));
    await put(bytes);
    await underWay(page, "later.png");
    page.on("dialog", (dialog) => dialog.accept());
    await page.reload();
    await page.getByRole("heading", { name: "Not finished last time" }).waitFor();
    await accessible(page);
    await throttle(page);
    const methods = [];
    page.on("request", (request) => methods.push(request.method()));
    await put(bytes);
    await isNow(page, "later.png", "done");
    assert.ok(methods.includes("HEAD") && !methods.includes("POST"), methods.join());
    await page.getByRole("heading", { name: "Not finished last time" }).waitFor({ state: "detached" });
  }));

test("what is pasted elsewhere on the page is uploaded", () =>
  withPage(async (page) => {
    await page.goto(`${base}/ui/jobs`);
    await page.getByRole("heading", { name: "Jobs", exact: true }).waitFor();
    await page.evaluate((base64) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], "image.png", { type: "image/png" }));
      document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }));
    }, fresh().toString("base64"));
    await isNow(page, "pasted", "done");
    assert.equal(new URL(page.url()).pathname, "/ui/upload");
  }));

for (const [way, give] of Object.entries({
  chosen: (page, folder) => page.setInputFiles("input[webkitdirectory]", folder),
  dropped: async (page, folder) => {
    const protocol = await page.context().newCDPSession(page);
    const drag = (type) => protocol.send("Input.dispatchDragEvent", { type, x: 300, y: 300, data: { items: [], files: [folder], dragOperationsMask: 1 } });
    await drag("dragEnter");
    await drag("dragOver");
    await page.getByText("Let go to upload").waitFor();
    await drag("drop");
  },
})) {
  test(`a folder that is ${way} gives its pictures, also those in folders within it`, () =>
    withPage(async (page) => {
      const folder = await mkdtemp(join(tmpdir(), "page-folder-"));
      try {
        await mkdir(join(folder, "within"));
        await writeFile(join(folder, "outer.png"), fresh());
        await writeFile(join(folder, "within", "inner.png"), fresh());
        await writeFile(join(folder, "within", "notes.txt"), "no picture");
        await open(page, base);
        await give(page, folder);
        await isNow(page, "outer.png", "done");
        await isNow(page, "inner.png", "done");
        await page.getByText("1 file in the folder is no picture").waitFor();
        assert.equal(await page.locator(".upload-row").count(), 2);
      } finally {
        await rm(folder, { recursive: true });
      }
    }));
}

test("operations of the form are ordered as POST /v1/upload takes them", () =>
  withPage(async (page, told) => {
    await open(page, base);
    await page.getByLabel("And then").selectOption("resize");
    await page.getByLabel("Width").fill("5");
    await page.getByText("A whole number from 10 to 10,000.").waitFor();
    await page.getByLabel("Width").fill("64");
    await page.getByLabel("Height").fill("48");
    await accessible(page);
    const form = page.waitForRequest((request) => request.url().endsWith("/v1/upload"));
    await choose(page, [file("small.png", fresh())]);
    await form;
    await isNow(page, "small.png", "done");
    assert.equal((await jobOf(await idOf(page, "small.png"))).task.transform, "w=64&h=48&fit=fill&enlarge=1&");
    await row(page, "small.png").getByText(/Waits for|Being made|Ready/).waitFor();

    await page.getByLabel("And then").selectOption("watermark");
    await page.getByLabel("Text").fill("© Anna 2026");
    await page.getByLabel("Tags").fill("sea, sun");
    await choose(page, [file("marked.png", fresh())]);
    await isNow(page, "marked.png", "done");
    const id = await idOf(page, "marked.png");
    await row(page, "marked.png").getByText(/Waits for|Being made|Ready/).waitFor();
    assert.match((await jobOf(id)).task.transform, /wmtext=/);
    assert.deepEqual((await (await fetch(`${base}/v1/images/${id}`)).json()).tags, ["sea", "sun"]);
    assert.deepEqual(told, []);
  }));

test("an address that answers badly is told of as that", () =>
  withPage(async (page, told) => {
    await open(page, base);
    await page.getByLabel("Address of a picture").fill("ftp://example.org/a.png");
    await page.getByRole("button", { name: "Fetch" }).click();
    await page.getByText("An address begins with").waitFor();
    await page.getByLabel("Address of a picture").fill("http://127.0.0.1:9/a.png");
    await page.getByRole("button", { name: "Fetch" }).click();
    await isNow(page, "a.png", "failed");
    told.splice(0);
  }));

test("uploads have room on phones, in Russian and in the dark", () =>
  withPage(
    async (page) => {
      await page.goto(`${base}/ui/upload`);
      await page.getByRole("heading", { name: "Загрузка" }).waitFor();
      await choose(page, [file("телефон.png", fresh())]);
      await isNow(page, "телефон.png", "done");
      await accessible(page);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    },
    { viewport: PHONE, locale: "ru-RU", colorScheme: "dark" },
  ));
