// What the first view of the gallery asks for with an empty cache, and how much of it there may be. Times depend on the machine, and are only told.
import assert from "node:assert/strict";
import test, { before } from "node:test";
import { base, upload, withPage } from "./browser.mjs";

const LIMITS = {
  /** Everything but pictures: the document, its styles, scripts and icon, and what is asked of the service. */
  requests: 28,
  bytes: 100_000,
  /** One list has to be there before a picture can be asked for, and its outline before it. */
  beforeFirstPicture: 27,
};
/** More than a window shows. */
const IMAGES = 100;
const LOADS = 5;

const mark = `budget-${Date.now().toString(36)}`;
const view = `${base}/?name=${mark}`;

before(async () => {
  for (let number = 0; number < IMAGES; number += 1) await upload(`${mark}-${number}.png`, 64, 48, number + Math.random());
});

/** Every request until all pictures are shown: its address, its kind, who asked for it, and what came over the wire. */
async function requestsOf(page) {
  const protocol = await page.context().newCDPSession(page);
  await protocol.send("Network.enable");
  const requests = new Map();
  protocol.on("Network.requestWillBeSent", ({ requestId, request, type, initiator }) => requests.set(requestId, { url: new URL(request.url), type, by: initiator.type, bytes: 0 }));
  protocol.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => (requests.get(requestId).bytes = encodedDataLength));
  await page.goto(view);
  await page.waitForFunction(() => {
    const seen = [...document.querySelectorAll(".tile")].filter((tile) => tile.getBoundingClientRect().top < innerHeight);
    return seen.length > 0 && seen.every((tile) => tile.querySelector(".tile-picture-shown"));
  });
  // Placeholders are written out in their addresses: nothing is asked for.
  return [...requests.values()].filter(({ url }) => url.protocol !== "data:");
}

const isPicture = ({ url }) => url.pathname.startsWith("/i/");
const say = (requests) => requests.map(({ url, type, by, bytes }) => `${bytes} bytes, ${type} by ${by}: ${url.pathname}`).join("\n");

test("the first view asks for little, of this host alone, and for no script after another", (t) =>
  withPage(async (page) => {
    const requests = await requestsOf(page);
    const plain = requests.filter((request) => !isPicture(request));
    const bytes = plain.reduce((sum, request) => sum + request.bytes, 0);
    const ahead = requests.findIndex(isPicture);
    t.diagnostic(`${plain.length} requests and ${(bytes / 1000).toFixed(1)} KB without pictures, ${ahead} requests before the first picture`);
    assert.deepEqual([...new Set(requests.map(({ url }) => url.origin))], [base]);
    assert.ok(plain.length <= LIMITS.requests, `${plain.length} requests:\n${say(plain)}`);
    assert.ok(bytes > 0 && bytes < LIMITS.bytes, `${bytes} bytes:\n${say(plain)}`);
    assert.ok(ahead > 0 && ahead <= LIMITS.beforeFirstPicture, `${ahead} requests:\n${say(requests.slice(0, ahead))}`);
    // What the document names is asked for side by side; what a script asks for waits until it runs.
    assert.equal(say(plain.filter(({ type, by }) => type === "Script" && by !== "parser")), "");
    assert.equal(plain.filter(({ url }) => url.pathname === "/v1/session").length, 1);
    // What is not seen yet comes when it is looked at.
    await page.locator(".tile").first().focus();
    await page.keyboard.press("End");
    await page.locator(`[data-index="${IMAGES - 1}"] .tile-picture-shown`).waitFor();
    await page.getByText(`${IMAGES} images`).waitFor();
  }));

test("the time to the first picture is told", async (t) => {
  const times = [];
  for (let load = 0; load < LOADS; load += 1) {
    await withPage(async (page) => {
      await page.goto(view);
      await page.locator(".tile-picture-shown").first().waitFor();
      times.push(await page.evaluate(() => Math.min(...performance.getEntriesByType("resource").filter(({ name }) => new URL(name).pathname.startsWith("/i/")).map(({ responseEnd }) => responseEnd))));
    });
  }
  times.sort((one, other) => one - other);
  t.diagnostic(`first picture after ${Math.round(times[Math.floor(LOADS / 2)])} ms, the median of ${LOADS} loads with an empty cache`);
});
