import assert from "node:assert/strict";
import test from "node:test";
import { accessible, base, PHONE, upload, withPage } from "./browser.mjs";
import { load } from "./modules.mjs";
import { address, shown, width } from "./steps/workbench.mjs";

const image = await upload("workbench.png");
const view = `${base}/ui/transform/${image.id}`;

test("every parameter that the service describes has a control", async () => {
  const { PARAMETERS } = await load("workbench/parameters/index.ts");
  const { paths, components } = await (await fetch(`${base}/openapi.json`)).json();
  const resolved = paths["/i/{file}"].get.parameters.map(({ $ref, ...plain }) =>
    $ref ? components.parameters[$ref.split("/").at(-1)] : plain,
  );
  const described = resolved.filter(({ in: place }) => place === "query").map(({ name }) => name);
  const beside = ["type", "v", "download", "share", "key", "expires", "sig"];
  assert.deepEqual(
    described.filter((name) => !beside.includes(name) && !PARAMETERS.has(name)),
    [],
  );
  assert.deepEqual(
    [...PARAMETERS.keys()].filter((name) => !described.includes(name)),
    [],
  );
});

test("the picture and the address follow what is chosen, and go back", () =>
  withPage(async (page) => {
    await page.goto(view);
    await shown(page, 640, 400);
    await width(page).fill("300");
    await page.getByRole("spinbutton", { name: "Height" }).first().fill("300");
    await page.getByRole("radio", { name: "Cover" }).check();
    await page.getByRole("radio", { name: "Top left" }).check();
    await shown(page, 300, 300);
    assert.equal(new URL(await address(page)).search, "?w=300&h=300&fit=cover&gravity=northwest");
    assert.equal(new URL(page.url()).search, "?w=300&h=300&fit=cover&gravity=northwest");
    await accessible(page);
    await page.getByRole("button", { name: "Reset Fit" }).click();
    await shown(page, 300, 188);
    await page.getByRole("button", { name: "Undo" }).click();
    await shown(page, 300, 300);
  }));

test("a pasted address sets the controls", () =>
  withPage(async (page) => {
    await page.goto(view);
    await page.getByRole("textbox", { name: "Address" }).fill(`https://img.example.org/i/${image.id}.webp?w=200&sepia=1&foo=1`);
    await page.keyboard.press("Enter");
    await shown(page, 200, 125);
    assert.equal(await width(page).inputValue(), "200");
    await page.getByText("Not known, and left out: foo").waitFor();
    assert.equal(new URL(await address(page)).pathname, `/i/${image.id}.webp`);
  }));

test("a region is drawn on the picture and moved by keys", () =>
  withPage(async (page) => {
    await page.goto(view);
    await page.getByRole("button", { name: "Crop", exact: true }).click();
    const frame = page.getByRole("button", { name: "Crop frame" });
    await page.getByRole("button", { name: "1:1" }).click();
    assert.match(await address(page), /crop=120,0,400,400$/);
    await frame.focus();
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Shift+ArrowUp");
    assert.match(await address(page), /crop=114,0,39\d,39\d$/);
    await accessible(page);
    await page.getByRole("button", { name: "Result", exact: true }).click();
    await page.waitForSelector('.wb-result img[height^="39"]');
  }));

test("what is wrong stands at the control", () =>
  withPage(async (page, told) => {
    await page.goto(`${view}?w=300`);
    await shown(page, 300, 188);
    await width(page).fill("99999");
    await page.getByText("A number from 1 to 16,384.").waitFor();
    await width(page).fill("300");
    await page.getByText("Margins and corners").click();
    await page.getByRole("textbox", { name: "Background", exact: true }).fill("nonsense!");
    const note = page.getByRole("alert").filter({ hasText: "bg" });
    await note.waitFor();
    assert.match(await note.innerText(), /request [0-9a-f]+/);
    assert.match(told.splice(0).join(), /400/);
  }));

test("presets are kept, applied and brought back", () =>
  withPage(async (page) => {
    await page.goto(`${view}?w=200`);
    await page.getByRole("textbox", { name: "Name" }).fill("small");
    await page.keyboard.press("Enter");
    await page.goto(view);
    await shown(page, 640, 400);
    await page.getByRole("button", { name: "Apply small" }).click();
    await shown(page, 200, 125);
    await page.getByRole("button", { name: "Delete preset small" }).click();
    await page.getByRole("status").getByRole("button", { name: "Undo" }).click();
    await page.getByRole("button", { name: "Apply small" }).waitFor();
  }));

test("presets of the service are asked for by their names", () =>
  withPage(async (page) => {
    const { presets } = await (await fetch(`${base}/v1/presets`)).json();
    const [{ name }] = presets;
    await page.goto(`${view}?w=300`);
    await shown(page, 300, 188);
    const service = page.getByRole("region", { name: "Presets of the service" });
    assert.equal(await service.getByRole("listitem").count(), presets.length);
    await service.getByRole("button", { name: `Apply ${name}` }).click();
    await page.waitForFunction((search) => location.search === search, `?transform=${name}`);
    assert.equal(new URL(await address(page)).search, `?transform=${name}`);
    await page.waitForFunction(() => document.querySelector(".wb-result img")?.width !== 300);
    await accessible(page);
  }));

test("a service that tells of no presets has none", () =>
  withPage(async (page, told) => {
    await page.route("**/v1/presets", (route) => route.fulfill({ status: 404, json: { title: "Not found", status: 404 } }));
    const answered = page.waitForResponse("**/v1/presets");
    await page.goto(view);
    await answered;
    await shown(page, 640, 400);
    assert.equal(await page.getByRole("heading", { name: "Presets of the service" }).count(), 0);
    assert.equal(await page.getByRole("alert").count(), 0);
    assert.ok(told.splice(0).every((line) => line.includes("404")));
  }));

test("a signed link shows the picture", () =>
  withPage(async (page) => {
    await page.goto(`${view}?w=100`);
    await page.getByText("Signed link", { exact: true }).click();
    await page.getByRole("button", { name: "Sign", exact: true }).click();
    const link = page.getByRole("textbox", { name: "Signed link" });
    await link.waitFor();
    const { pathname, search } = new URL(await link.inputValue());
    assert.match(search, /sig=/);
    assert.equal((await fetch(base + pathname + search)).status, 200);
  }));

test("a picture can be chosen, on a phone, in Russian and in the dark", () =>
  withPage(
    async (page) => {
      await page.goto(`${base}/ui/transform`);
      await page.getByRole("button", { name: "Выберите изображение" }).click();
      await page.getByRole("searchbox", { name: "Имя начинается с" }).fill("workbench");
      await accessible(page);
      await page.getByRole("button", { name: "workbench.png" }).first().click();
      await page.getByRole("heading", { name: "Преобразование: workbench.png" }).waitFor();
      await page.waitForSelector(".wb-result img");
      await accessible(page);
      assert.equal(await page.evaluate(() => document.querySelector("#main").scrollWidth), PHONE.width);
    },
    { viewport: PHONE, locale: "ru-RU", colorScheme: "dark", hasTouch: true },
  ));
