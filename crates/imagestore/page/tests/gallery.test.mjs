// The gallery in a browser against a running store, which keeps what is deleted for a while: `npm test` with PAGE=http://….
import assert from "node:assert/strict";
import test, { before } from "node:test";
import { accessible, base, PHONE, upload, withPage } from "./browser.mjs";
import { deleteTile, tiles } from "./steps/gallery.mjs";

const mark = `gallery-${Date.now().toString(36)}`;
const COUNT = 30;

before(async () => {
  for (let number = 0; number < COUNT; number += 1) await upload(`${mark}-${String(number).padStart(3, "0")}.png`, 80 + number, 60, number + Math.random());
});

const open = async (page, address = `/?name=${mark}`) => {
  await page.goto(base + address);
  await tiles(page).first().waitFor();
};
const active = (page) => page.evaluate(() => Number(document.activeElement?.getAttribute("data-index") ?? -1));

test("Images are shown by month, newest first, and their number is told", () =>
  withPage(async (page) => {
    await open(page);
    await page.getByText(`${COUNT} images`).waitFor();
    await page.locator(".grid-month").first().waitFor();
    assert.match(await tiles(page).first().getAttribute("aria-label"), new RegExp(`${mark}-029`));
    await page.locator(".tile-picture-shown").first().waitFor();
    await accessible(page);
  }));

test("The keyboard moves, selects and opens", () =>
  withPage(async (page) => {
    await open(page);
    await tiles(page).first().focus();
    await page.keyboard.press("ArrowRight");
    assert.equal(await active(page), 1);
    await page.keyboard.press("End");
    assert.equal(await active(page), COUNT - 1);
    await page.keyboard.press("Home");
    await page.keyboard.press(" ");
    for (let step = 0; step < 3; step += 1) await page.keyboard.press("Shift+ArrowRight");
    await page.getByRole("heading", { name: "4 selected" }).waitFor();
    await accessible(page);
    await page.keyboard.press("Escape");
    await page.getByRole("heading", { name: "Gallery" }).waitFor();
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("type")), "search");
    await tiles(page).first().focus();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
    await accessible(page);
    await page.keyboard.press("Escape");
    await tiles(page).first().focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/ui\/image\//);
  }));

test("What is deleted goes at once and comes back", () =>
  withPage(async (page) => {
    await open(page);
    await deleteTile(page, 2);
    await page.getByText("Can be brought back for 30 days.").waitFor();
    await page.getByText(`${COUNT - 1} images`).waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByText(`${COUNT} images`).waitFor();
  }));

test("Where a store keeps nothing that is deleted, the page asks first", () =>
  withPage(async (page) => {
    await page.route("**/v1/session", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...(await answer.json()), delete_grace_seconds: 0 } });
    });
    await open(page);
    await tiles(page).nth(2).focus();
    await page.keyboard.press("Delete");
    const dialog = page.getByRole("dialog", { name: "Delete 1 image?" });
    await dialog.getByText("This is for ever").waitFor();
    await accessible(page);
    let changes = 0;
    page.on("request", (request) => request.url().endsWith("/v1/images/batch") && (changes += 1));
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("heading", { name: "1 selected" }).waitFor();
    assert.equal(changes, 0);
  }));

test("Many images get tags, and are found by them", () =>
  withPage(async (page) => {
    await open(page);
    await tiles(page).nth(0).click({ modifiers: ["Control"] });
    await tiles(page).nth(2).click({ modifiers: ["Shift"] });
    await page.getByRole("button", { name: "Tags" }).click();
    await page.getByRole("textbox", { name: "Add" }).fill(`sea, ${mark}`);
    await accessible(page);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("The tags of 3 images are changed").waitFor();
    await page.getByRole("searchbox").fill(`#${mark}`);
    await page.getByText("3 images", { exact: true }).waitFor();
    assert.equal(new URL(page.url()).searchParams.get("tag"), mark);
  }));

test("Images go into a new album and out of it", () =>
  withPage(async (page) => {
    await open(page);
    await tiles(page).nth(0).click({ modifiers: ["Control"] });
    await tiles(page).nth(1).click();
    await page.getByRole("button", { name: "Add to album" }).click();
    await page.getByRole("menuitem", { name: "New album" }).click();
    await page.getByLabel("Name").fill(mark);
    await page.getByRole("button", { name: "Create" }).click();
    await page.getByText(`2 images are in “${mark}”`).waitFor();
    await page.getByRole("link", { name: mark }).click();
    await page.waitForURL(/\/ui\/album\//);
    await page.getByText("2 images", { exact: true }).waitFor();
    await accessible(page);
    await tiles(page).nth(0).click({ modifiers: ["Control"] });
    await page.getByRole("button", { name: "Take out of this album" }).click();
    await page.getByText("1 image", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Album actions" }).click();
    await page.getByRole("menuitem", { name: "Share a link" }).click();
    await page.getByRole("button", { name: "New link" }).click();
    const link = await page.locator(".share-address code").textContent();
    assert.equal((await fetch(link)).status, 200);
    await accessible(page);
    await page.getByRole("button", { name: "Revoke" }).click();
    await page.getByText("There are no links.").waitFor();
    assert.equal((await fetch(link)).status, 404);
  }));

test("Some images are saved as one file", () =>
  withPage(async (page) => {
    await open(page);
    await tiles(page).nth(0).click({ modifiers: ["Control"] });
    await tiles(page).nth(1).click();
    const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download" }).click()]);
    assert.match(saved.suggestedFilename(), /\.zip$/);
  }));

test("Filters stand in the address, and nothing found says what to do", () =>
  withPage(async (page) => {
    await open(page);
    await page.getByRole("button", { name: "Filters" }).click();
    await page.getByLabel("Format").selectOption("gif");
    await accessible(page);
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await page.getByRole("heading", { name: "No image fits" }).waitFor();
    assert.equal(new URL(page.url()).searchParams.get("format"), "gif");
    await page.getByRole("link", { name: "Show all" }).click();
    await tiles(page).first().waitFor();
  }));

test("What is uploaded elsewhere appears", () =>
  withPage(async (page) => {
    await open(page);
    await page.getByText(`${COUNT} images`).waitFor();
    const { id } = await upload(`${mark}-later.png`, 90, 70, Math.random());
    await page.getByText(`${COUNT + 1} images`).waitFor();
    await page.locator(`[aria-label^="${mark}-later"] .tile-picture-shown`).waitFor();
    await fetch(`${base}/v1/images/${id}`, { method: "DELETE" });
    await page.getByText(`${COUNT} images`).waitFor();
  }));

test("On a phone, in the dark and in Russian the gallery is as good", () =>
  withPage(
    async (page) => {
      await open(page);
      await page.getByRole("heading", { name: "Галерея" }).waitFor();
      await page.getByText(`${COUNT} изображений`).waitFor();
      await accessible(page);
      const { scrolls, wide } = await page.evaluate(() => ({ scrolls: document.documentElement.scrollWidth, wide: innerWidth }));
      assert.ok(scrolls <= wide, "nothing is wider than the screen");
      await page.getByRole("button", { name: "Альбомы" }).click();
      await page.getByRole("dialog", { name: "Альбомы" }).waitFor();
      await accessible(page);
    },
    { viewport: PHONE, colorScheme: "dark", locale: "ru-RU", hasTouch: true, isMobile: true },
  ));
