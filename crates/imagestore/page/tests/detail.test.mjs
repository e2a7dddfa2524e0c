// The view of one image in a browser against a running store: `npm test` with PAGE=http://….
import assert from "node:assert/strict";
import test, { before } from "node:test";
import { accessible, base, PHONE, upload, withPage } from "./browser.mjs";

const mark = `detail-${Date.now().toString(36)}`;
let older;
let newer;

before(async () => {
  older = await upload(`${mark}-older.png`, 900, 600, Math.random());
  newer = await upload(`${mark}-newer.png`, 700, 500, Math.random());
});

const open = async (page, image) => {
  await page.goto(`${base}/ui/image/${image.id}`);
  await page.getByRole("heading", { name: image.name }).waitFor();
};

test("An image is shown with its facts", () =>
  withPage(async (page) => {
    await open(page, older);
    await page.getByText("900 × 600 pixels").waitFor();
    await page.waitForFunction(() => document.querySelector(".detail-fit img")?.naturalWidth > 0);
    await accessible(page);
  }));

test("It is zoomed by buttons, wheel and keyboard", () =>
  withPage(async (page) => {
    await open(page, older);
    const zoom = page.locator(".detail-zoom-value");
    await page.getByRole("button", { name: "Zoom in" }).click();
    assert.equal(await zoom.textContent(), "150%");
    await page.locator(".detail-picture").focus();
    await page.keyboard.press("+");
    assert.equal(await zoom.textContent(), "225%");
    await page.keyboard.press("0");
    assert.equal(await zoom.textContent(), "100%");
    await page.locator(".detail-picture").hover();
    await page.mouse.wheel(0, -400);
    await page.waitForFunction(() => parseInt(document.querySelector(".detail-zoom-value").textContent) > 150);
  }));

test("Name, caption and tags are changed, and what happens is told", () =>
  withPage(async (page) => {
    await open(page, older);
    await page.getByRole("button", { name: "Edit" }).click();
    await page.getByLabel("Caption").fill("Rings in the sun");
    await page.getByLabel("Tags").fill("rings, #sun");
    await accessible(page);
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator(".detail-caption", { hasText: "Rings in the sun" }).waitFor();
    await page.getByRole("link", { name: "#sun" }).waitFor();
    await page.getByText("The record was changed").waitFor();
    const { metadata, tags } = await (await fetch(`${base}/v1/images/${older.id}`)).json();
    assert.deepEqual([metadata, tags], [{ caption: "Rings in the sun" }, ["rings", "sun"]]);
  }));

test("Others can copy it as a link, Markdown, HTML and a command", () =>
  withPage(
    async (page) => {
      await open(page, newer);
      const copied = async (name) => {
        await page.getByRole("button", { name, exact: true }).click();
        await page.locator("[role=status]", { hasText: "Copied" }).first().waitFor({ state: "attached" });
        return page.evaluate(() => navigator.clipboard.readText());
      };
      const link = await copied("Link");
      assert.equal((await fetch(link)).status, 200);
      assert.equal(await copied("Markdown"), `![${mark}-newer](${link})`);
      assert.match(await copied("curl"), new RegExp(`^curl -sf -o '${mark}-newer\\.png' 'http`));
      await page.getByRole("button", { name: "HTML <picture>" }).click();
      await page.waitForFunction(async () => (await navigator.clipboard.readText()).startsWith("<picture"));
    },
    { permissions: ["clipboard-read", "clipboard-write"] },
  ));

test("One goes on to the next image and back to the list", () =>
  withPage(async (page) => {
    await page.goto(`${base}/?name=${mark}`);
    await page.locator(".tile:not(.tile-empty)").first().click();
    await page.getByRole("heading", { name: newer.name }).waitFor();
    // The picture is there before it is known what stands beside it.
    await page.getByRole("button", { name: "Next", disabled: false }).waitFor();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("heading", { name: older.name }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("2 images", { exact: true }).waitFor();
    assert.equal(new URL(page.url()).searchParams.get("name"), mark);
  }));

test("An image that is not there says so", () =>
  withPage(async (page, told) => {
    await page.goto(`${base}/ui/image/01890a5d-ac96-774b-bcce-b302099a8057`);
    await page.getByText("This is not there any more").waitFor();
    await accessible(page);
    // The browser tells of every answer that is an error, of this one rightly.
    assert.ok(told.splice(0).every((line) => line.includes("404")));
  }));

test("On a phone and in the dark", () =>
  withPage(
    async (page) => {
      await page.goto(`${base}/ui/image/${older.id}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await accessible(page);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing is wider than the screen");
    },
    { viewport: PHONE, colorScheme: "dark", hasTouch: true, isMobile: true },
  ));
