// The system view in a browser against a running store.
import assert from "node:assert/strict";
import test from "node:test";
import { accessible, base, withPage } from "./browser.mjs";

test("The licences of what the page is made of are served beside it", () =>
  withPage(async (page) => {
    await page.goto(`${base}/ui/system`);
    await accessible(page);
    const link = page.getByRole("link", { name: "Licences of the packages in this page" });
    const answer = await fetch(await link.evaluate(({ href }) => href));
    assert.equal(answer.headers.get("content-type"), "text/plain; charset=utf-8");
    const text = await answer.text();
    assert.match(text, /^preact \d+\.\d+\.\d+ \(MIT\)\n\nThe MIT License/m);
    assert.match(text, /^lucide-static .* \(ISC\)$/m);
  }));
