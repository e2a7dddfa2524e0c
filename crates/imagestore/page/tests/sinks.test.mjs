// What a receiver of events refuses, on a store that tells one at HOOK_PORT of this machine of each album that is deleted, and only once.
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import test from "node:test";
import { accessible, base, withPage } from "./browser.mjs";

const port = Number(process.env.HOOK_PORT);
const skip = port ? false : "HOOK_PORT names no port at which the store expects a receiver";

/** A receiver that answers with the `status` it is set to, and keeps the albums of which it took the events. */
async function withReceiver(use) {
  const receiver = { status: 204, albums: [], arrivals: new EventEmitter() };
  const server = createServer(async (asked, answer) => {
    const { data } = JSON.parse((await asked.toArray()).join(""));
    answer.writeHead(receiver.status).end();
    if (receiver.status !== 204) return;
    receiver.albums.push(data.album_id);
    receiver.arrivals.emit("album");
  });
  await new Promise((done) => server.listen(port, "127.0.0.1", done));
  try {
    await use(receiver);
  } finally {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
}

async function deletedAlbum(name) {
  const { id } = await (await fetch(`${base}/v1/albums`, { method: "POST", body: JSON.stringify({ name }) })).json();
  assert.equal((await fetch(`${base}/v1/albums/${id}`, { method: "DELETE" })).status, 200);
  return id;
}

test("one dead letter is sent again, and another one is forgotten", { skip }, () =>
  withPage((page) =>
    withReceiver(async (receiver) => {
      receiver.status = 400;
      const [wanted, unwanted] = [await deletedAlbum("Wanted"), await deletedAlbum("Unwanted")];
      await page.goto(`${base}/ui/system`);
      const row = page.getByRole("row").filter({ hasText: "hook" });
      // The figures follow by themselves.
      await row.getByRole("button", { name: "Show 2" }).click();
      const dialog = page.getByRole("dialog", { name: "Dead letters of hook" });
      const letter = (album) => dialog.getByRole("listitem").filter({ hasText: album });
      await letter(wanted).getByText("album.deleted").waitFor();
      await letter(unwanted).getByText("album.deleted").waitFor();
      await accessible(page);

      receiver.status = 204;
      await letter(unwanted).getByRole("button", { name: "Forget" }).click();
      await letter(unwanted).waitFor({ state: "detached" });
      await letter(wanted).getByRole("button", { name: "Send again" }).click();
      await dialog.getByText("There are none any more.").waitFor();
      await dialog.getByRole("button", { name: "Close" }).last().click();

      const later = await deletedAlbum("Later");
      while (receiver.albums.length < 2) await once(receiver.arrivals, "album");
      assert.deepEqual(new Set(receiver.albums), new Set([wanted, later]));
      await row.getByRole("button").waitFor({ state: "detached" });
    }),
  ));
