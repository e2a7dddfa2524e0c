// The views that are shown, each with its window and what has to be there before a picture of it is taken.
import { PHONE } from "../tests/browser.mjs";
import * as compare from "../tests/steps/compare.mjs";
import * as jobs from "../tests/steps/jobs.mjs";
import { idOf } from "./store.mjs";

const DESKTOP = { viewport: { width: 1280, height: 800 } };
const HAND = { viewport: PHONE, deviceScaleFactor: 1.5, isMobile: true, hasTouch: true };

/** Waits until every picture that can be seen is drawn. */
async function drawn(page, sign) {
  await page.locator(sign).first().waitFor();
  await page.waitForFunction(
    () => [...document.images].every((image) => image.complete) && !document.querySelector("main [aria-busy=true]"),
  );
  await page.evaluate(() => Promise.all([...document.images].map((image) => image.decode().catch(() => undefined))));
}

async function gallery(page) {
  await page.goto("/");
  await page.waitForFunction(() => {
    const tiles = [...document.querySelectorAll(".tile")].filter((tile) => tile.getBoundingClientRect().top < innerHeight);
    return tiles.length > 0 && tiles.every((tile) => tile.querySelector(".tile-picture-shown"));
  });
}

async function detail(page, store) {
  await page.goto(`/ui/image/${await idOf(store, "dandelions.jpg")}`);
  await drawn(page, ".detail-main img");
}

async function workbench(page, store) {
  await page.goto(`/ui/transform/${await idOf(store, "two-friends.jpg")}?w=720&h=480&fit=cover&gravity=smart&saturation=20&format=webp`);
  await drawn(page, ".wb-result img");
}

async function compared(page, store) {
  await page.goto(`/ui/compare/${await idOf(store, "brushes.jpg")}`);
  await compare.settled(page);
  await page.waitForFunction(() => document.querySelectorAll(".plot-line").length === 3);
  await drawn(page, ".cmp-picture");
  await page.locator(".cmp-table").evaluate((table) => table.scrollIntoView());
}

/** One job that runs and one that waits, above those that are done. */
async function worked(page, store) {
  await jobs.open(page, "");
  await jobs.order(store, await idOf(store, "dandelions.jpg"), { target: "visually-lossless", formats: "avif,webp" });
  await jobs.order(store, await idOf(store, "last-light.jpg"), { target: "high", formats: "webp" });
  await page.waitForFunction(() => document.querySelector(".jobs-row [role=progressbar][aria-valuenow]:not([aria-valuenow='0'])"));
  await drawn(page, ".jobs-picture img");
}

/** The figures, which are below what is said of its health. */
async function system(page) {
  await page.goto("/ui/system");
  await page.getByRole("combobox", { name: "Figure" }).selectOption("uploaded");
  // The bar of a day on which nothing came has no height.
  await page.locator(".plot-bar").first().waitFor({ state: "attached" });
  await page.locator("#system-totals").evaluate((heading) => {
    heading.style.scrollMarginBlockStart = "24px";
    heading.scrollIntoView();
  });
}

export const views = {
  gallery: { window: DESKTOP, open: gallery },
  detail: { window: DESKTOP, open: detail },
  workbench: { window: DESKTOP, open: workbench },
  compare: { window: DESKTOP, open: compared },
  jobs: { window: DESKTOP, open: worked },
  system: { window: DESKTOP, open: system },
  "phone-gallery": { window: HAND, open: gallery },
  "phone-detail": { window: HAND, open: detail },
};
