// A browser in front of a running store (PAGE, by default the address that it listens on), which fails a test on any error that it is told of.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { png } from "./picture.mjs";

export const base = process.env.PAGE ?? "http://127.0.0.1:8000";

const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** How long a view may take on a machine that does other things, too. */
const PATIENCE_MS = 60_000;

export const WIDE = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** Runs `use` with a page of its own; what the console says of errors counts against it. `args` are for the browser, all else for the page. */
export async function withPage(use, { args = [], ...options } = {}) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", ...args] });
  try {
    const context = await browser.newContext({ viewport: WIDE, locale: "en-US", ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const told = [];
    page.on("console", (message) => message.type() === "error" && told.push(`${message.text()} ${message.location().url}`));
    page.on("pageerror", (error) => told.push(String(error.stack)));
    await use(page, told);
    assert.deepEqual(told, []);
  } finally {
    await browser.close();
  }
}

/** Fails on whatever axe-core has to say about the page as it is. */
export async function accessible(page) {
  // By the protocol and not by a script in the page, which its content security policy forbids.
  const protocol = await page.context().newCDPSession(page);
  await protocol.send("Runtime.evaluate", { expression: axeSource });
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`),
    [],
  );
}

/** Stores a picture made by code, and gives its record. */
export async function upload(name, width = 640, height = 400, seed = 1) {
  const answer = await fetch(`${base}/v1/images?name=${encodeURIComponent(name)}`, { method: "POST", body: png(width, height, seed) });
  assert.equal(answer.status, 201, await answer.clone().text());
  return answer.json();
}
