// The view of uploads, as a person uses it.
import { png } from "../picture.mjs";

/** A picture that no other run has stored. */
export const fresh = (width = 200, height = 150) => png(width, height, 1 + Math.random());

/** A large one: bytes behind the end of a PNG are no part of the picture. */
export const large = (bytes) => Buffer.concat([fresh(), Buffer.alloc(bytes, 7)]);

export const file = (name, buffer, mimeType = "image/png") => ({ name, mimeType, buffer });

export async function open(page, base) {
  await page.goto(`${base}/ui/upload`);
  await page.getByRole("heading", { name: "Upload" }).waitFor();
}

export const choose = (page, files) => page.setInputFiles("input[type=file]:not([webkitdirectory])", files);

export const row = (page, name) => page.locator(".upload-list").getByRole("listitem").filter({ hasText: name });

export const isNow = (page, name, standing) => page.locator(`.upload-row[data-standing=${standing}]`, { hasText: name }).waitFor();

export const idOf = async (page, name) => (await row(page, name).getByRole("link", { name }).getAttribute("href")).split("/").pop();

/** Waits until a good part of the one upload is there. */
export const underWay = (page, name) => page.waitForFunction((label) => Number(document.querySelector(`[role=progressbar][aria-label="${label}"]`)?.getAttribute("aria-valuenow")) > 20, `Progress of ${name}`);

/** How fast bytes go out, in bytes a second; nothing for as fast as they can. */
export async function throttle(page, bytesPerSecond = -1) {
  const protocol = await page.context().newCDPSession(page);
  await protocol.send("Network.enable");
  await protocol.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytesPerSecond });
}

/** Pauses a large upload while it is under way, and lets it go on; what its requests said of where they began. */
export async function pauseAndResume(page, name, buffer) {
  await throttle(page, 2_000_000);
  const offsets = [];
  page.on("request", (request) => request.method() === "PATCH" && offsets.push(Number(request.headers()["upload-offset"])));
  await choose(page, [file(name, buffer)]);
  await underWay(page, name);
  await page.getByRole("button", { name: `Pause ${name}` }).click();
  await row(page, name).getByText(/Paused at/).waitFor();
  await throttle(page);
  await page.getByRole("button", { name: `Go on with ${name}` }).click();
  await isNow(page, name, "done");
  return offsets;
}
