import assert from "node:assert/strict";
import test from "node:test";
import { accessible, base, PHONE, upload, withPage } from "./browser.mjs";
import { figures, settled } from "./steps/compare.mjs";

const image = await upload("compare.png", 480, 320, 2);
const view = `${base}/ui/compare/${image.id}`;

test("files of several formats are made for a goal and compared", () =>
  withPage(async (page) => {
    await page.goto(view);
    await settled(page);
    const { bytes, saved, score } = await figures(page, "AVIF");
    assert.match(bytes, /B|byte/);
    assert.match(saved, /%/);
    assert.ok(Number(score) >= 80, score);
    await page.getByRole("radio", { name: "Show JPEG" }).check();
    await page.getByRole("img", { name: "compare.png as JPEG" }).waitFor();
    await accessible(page);
  }));

test("the divider moves by pointer and by keys", () =>
  withPage(async (page) => {
    await page.goto(view);
    await settled(page);
    const divider = page.getByRole("slider", { name: "Divider" });
    await divider.focus();
    await page.keyboard.press("PageUp");
    assert.equal(await divider.getAttribute("aria-valuenow"), "60");
    await page.keyboard.press("Home");
    assert.equal(await divider.getAttribute("aria-valuenow"), "0");
    const grip = await divider.boundingBox();
    const frame = await page.locator(".cmp-frame").boundingBox();
    await page.mouse.move(grip.x + grip.width / 2, grip.y + grip.height / 2);
    await page.mouse.down();
    await page.mouse.move(frame.x + frame.width * 0.75, grip.y + 40, { steps: 4 });
    await page.mouse.up();
    assert.equal(await divider.getAttribute("aria-valuenow"), "75");
  }));

test("both pictures are zoomed and moved in step", () =>
  withPage(async (page) => {
    await page.goto(view);
    await settled(page);
    const places = () => page.locator(".cmp-picture").evaluateAll((pictures) => pictures.map(({ style }) => style.transform + style.width));
    await page.getByRole("button", { name: "4:1" }).click();
    const before = await places();
    await page.locator(".cmp-frame").focus();
    await page.keyboard.press("ArrowRight");
    const after = await places();
    assert.notDeepEqual(after, before);
    assert.equal(after[0], after[1]);
    await page.keyboard.press("0");
    await page.getByRole("button", { name: "Fit", pressed: true }).waitFor();
  }));

test("two fingers zoom around what is between them, and move it", () =>
  withPage(
    async (page) => {
      await page.goto(view);
      await settled(page);
      const frame = await page.locator(".cmp-frame").boundingBox();
      const protocol = await page.context().newCDPSession(page);
      const touch = (type, points) => protocol.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
      // Beside the divider, which takes fingers for itself.
      const [x, y] = [frame.x + frame.width * 0.75, frame.y + frame.height / 2];
      const around = (middle, spread) => [[middle, y - spread], [middle, y + spread]];
      /** How large the pictures are, and which point of them, as a part of each, is at a place of the screen. */
      const under = ([left, top]) =>
        page.locator(".cmp-picture").evaluateAll(
          (pictures, place) => {
            const around = pictures.map((picture) => picture.getBoundingClientRect());
            return around.map(({ left, top, width, height }) => ({ width, x: (place.left - left) / width, y: (place.top - top) / height }));
          },
          { left, top },
        );
      const isNear = (one, other) => Math.abs(one / other - 1) < 0.02;
      // Browsers tell of movements with the next drawing.
      const becomes = async (place, wanted) => {
        let found = await under(place);
        const isThere = () => found.every((each) => ["width", "x", "y"].every((figure) => isNear(each[figure], wanted[figure])));
        for (let drawings = 0; drawings < 60 && !isThere(); drawings += 1) {
          await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
          found = await under(place);
        }
        assert.ok(isThere(), JSON.stringify({ found, wanted }));
      };

      await page.getByRole("button", { name: "2:1" }).click();
      const [before] = await under([x, y]);
      await touch("touchStart", around(x, 30));
      for (const spread of [40, 50, 60]) await touch("touchMove", around(x, spread));
      const wanted = { ...before, width: before.width * 2 };
      await becomes([x, y], wanted);
      for (const moved of [10, 20, 30]) await touch("touchMove", around(x - moved, 60));
      await becomes([x - 30, y], wanted);
      await touch("touchEnd", []);
    },
    { viewport: PHONE, hasTouch: true },
  ));

test("bytes over score are drawn, and told as a table", () =>
  withPage(async (page) => {
    await page.goto(view);
    await page.waitForFunction(() => document.querySelectorAll(".plot-line").length === 3);
    await page.getByText("As a table").click();
    assert.ok((await page.locator(".plot-table tbody tr").count()) >= 3);
    await accessible(page);
  }));

test("a compression is ordered and followed to its end", () =>
  withPage(async (page) => {
    await page.goto(view);
    await settled(page);
    await page.getByRole("button", { name: "Compress this picture" }).click();
    await page.getByText("Stored as “compress”").waitFor();
    const { variants } = await (await fetch(`${base}/v1/images/${image.id}/variants`)).json();
    assert.ok(variants.some(({ variant }) => variant === "compress"));
  }));

test("an order for many says first what will happen", () =>
  withPage(async (page) => {
    const album = await (await fetch(`${base}/v1/albums`, { method: "POST", body: JSON.stringify({ name: "To compress" }) })).json();
    await fetch(`${base}/v1/albums/${album.id}/images`, { method: "POST", body: JSON.stringify({ ids: [image.id] }) });
    await page.goto(`${view}?ids=${image.id}`);
    await settled(page);
    await page.getByRole("button", { name: "Compress many" }).click();
    const dialog = page.getByRole("dialog", { name: "Compress many pictures" });
    await dialog.getByText("1 picture gets a job.").waitFor();
    await dialog.getByRole("combobox", { name: "Which pictures" }).selectOption("album");
    await dialog.getByText("Each is made as small as a score of at least 80 allows").waitFor();
    await dialog.getByRole("textbox", { name: "Name of the variant" }).fill("Wrong name");
    assert.ok(await dialog.getByRole("button", { name: "Order" }).isDisabled());
    await dialog.getByRole("textbox", { name: "Name of the variant" }).fill("web");
    await accessible(page);
    await dialog.getByRole("button", { name: "Order" }).click();
    await page.getByText("1 job was queued.").waitFor();
  }));

test("it fits a phone, in Russian and in the dark", () =>
  withPage(
    async (page) => {
      await page.goto(view);
      await settled(page);
      await accessible(page);
      assert.equal(await page.evaluate(() => document.querySelector("#main").scrollWidth), PHONE.width);
    },
    { viewport: PHONE, locale: "ru-RU", colorScheme: "dark", hasTouch: true },
  ));
