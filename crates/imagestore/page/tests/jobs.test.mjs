import assert from "node:assert/strict";
import test from "node:test";
import { accessible, base, PHONE, upload, withPage } from "./browser.mjs";
import { png } from "./picture.mjs";
import * as access from "./steps/access.mjs";
import { open, order, row, unique } from "./steps/jobs.mjs";

/** A job whose variant nobody else asks for, behind all others, so that no compressing service has begun it when the test calls it off. */
async function orderLast(name) {
  const image = await upload(`${name}.png`, 120, 90, 1 + Math.random());
  return order(base, image.id, { target: "medium", formats: "webp", name, priority: 0 });
}

test("a job appears by itself, is called off and tried again", () =>
  withPage(async (page) => {
    await open(page, base);
    const name = unique("live");
    await orderLast(name);
    const job = row(page, name);
    await job.waitFor();
    await accessible(page);
    // With a compressing service beside the store it may be done before anybody can call it off.
    const cancel = job.getByRole("button", { name: "Call off" });
    await cancel.or(job.getByRole("link", { name: "Result" })).first().waitFor();
    if (await cancel.isVisible()) {
      await cancel.click();
      await job.getByRole("button", { name: "Try again" }).click();
      await job.getByText(/Waiting|Taken by a worker|Running|Done/).waitFor();
    }
  }));

test("jobs are filtered by where they stand", () =>
  withPage(async (page) => {
    const name = unique("filter");
    const { id } = await orderLast(name);
    await fetch(`${base}/v1/jobs/${id}`, { method: "DELETE" });
    const { status } = await (await fetch(`${base}/v1/jobs/${id}`)).json();
    await open(page, base);
    const groups = { cancelled: "Called off", done: "Done" };
    await page.getByRole("button", { name: groups[status], exact: true }).click();
    await row(page, name).waitFor();
    await page.getByRole("button", { name: "Failed", exact: true }).click();
    await row(page, name).waitFor({ state: "detached" });
  }));

test("older images are ordered to be made smaller, and that can be called off", () =>
  withPage(async (page) => {
    await upload("older.png", 120, 90, 1 + Math.random());
    await open(page, base);
    await page.getByRole("button", { name: "Make older images smaller" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Uploaded before").fill("2000-01-01T00:00");
    await dialog.getByLabel("Name of the variant").fill(unique("old"));
    await accessible(page);
    await dialog.getByRole("button", { name: "Start" }).click();
    await page.getByRole("heading", { name: "Older images" }).waitFor();
    await dialog.waitFor({ state: "detached" });
  }));

test("an order for older images halts, and goes on where it was", { skip: access.skip }, () =>
  withPage(async (page) => {
    // No compressing service works for this store. An order waits with its first 256 jobs, and queues others as those are over.
    const [most, images] = [256, 300];
    const { key } = await access.newUser(unique("older"));
    const picture = png(8, 8);
    const store = () => fetch(`${access.base}/v1/images`, { method: "POST", body: picture, ...access.shownBy(key) });
    for (let stored = 0; stored < images; stored += 10) await Promise.all(Array.from({ length: 10 }, store));
    await access.signIn(page, key, "/ui/jobs");
    await page.getByRole("button", { name: "Make older images smaller" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Start" }).click();
    const order = page.locator(".jobs-backfills").getByRole("listitem");
    await order.getByText(`of ${most} images looked at`).waitFor();
    await order.getByText("Running", { exact: true }).waitFor();
    await order.getByRole("button", { name: "Pause" }).click();
    await order.getByText("Paused", { exact: true }).waitFor();
    await accessible(page);

    const { jobs } = await (await fetch(`${access.base}/v1/jobs?limit=100`, access.shownBy(key))).json();
    await Promise.all(jobs.map(({ id }) => fetch(`${access.base}/v1/jobs/${id}`, { method: "DELETE", ...access.shownBy(key) })));
    // The store looks for orders that may go on every two seconds, and so does the page for how they stand.
    await order.getByText(`${jobs.length} finished`).waitFor();
    for (let looks = 0; looks < 2; looks += 1) await page.waitForResponse((answer) => answer.url().endsWith("/v1/backfills"));
    await order.getByText(`of ${most} images looked at`).waitFor();
    await order.getByRole("button", { name: "Go on" }).click();
    await order.getByText(`of ${images} images looked at`).waitFor();
  }));

test("the system tells of its health, its totals and the days", () =>
  withPage(async (page) => {
    await page.goto(`${base}/ui/system`);
    await page.getByText("Catalog (records of images)").waitFor();
    await page.getByText("Saved by compression").waitFor();
    await page.getByLabel("Figure").selectOption("images");
    await page.getByRole("img", { name: "Images each day" }).waitFor();
    await page.getByRole("heading", { name: "Receivers of events" }).waitFor();
    await accessible(page);
  }));

test("jobs and the system have room on phones, in Russian and in the dark", () =>
  withPage(
    async (page) => {
      for (const [path, title] of [["jobs", "Задания"], ["system", "Система"]]) {
        await page.goto(`${base}/ui/${path}`);
        await page.getByRole("heading", { name: title }).waitFor();
        await page.waitForLoadState("load");
        await accessible(page);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      }
    },
    { viewport: PHONE, locale: "ru-RU", colorScheme: "dark" },
  ));
