// The view of jobs, as a person uses it, and orders that fill it.
import assert from "node:assert/strict";

/** Orders a compression, and gives its job. */
export async function order(base, image, wishes) {
  const answer = await fetch(`${base}/v1/compressions`, { method: "POST", body: JSON.stringify({ image_id: image, ...wishes }) });
  assert.equal(answer.status, 202, await answer.clone().text());
  return (await answer.json()).jobs[0];
}

export const unique = (prefix) => `${prefix}-${Date.now().toString(36)}`;

export const row = (page, name) => page.locator(".jobs-list").getByRole("listitem").filter({ hasText: `“${name}”` });

export async function open(page, base) {
  await page.goto(`${base}/ui/jobs`);
  await page.getByText("Live", { exact: true }).waitFor();
}
