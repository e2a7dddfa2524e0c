// Makes the albums of a store that is filled, and has smaller variants made: node arrange.mjs STORE
import { order } from "../tests/steps/jobs.mjs";
import { albums, orders, photos } from "./content.mjs";
import { ask, idOf, post } from "./store.mjs";

const [store] = process.argv.slice(2);

const pictures = photos.flatMap((photo) => photo.pictures);
for (const name of albums) {
  const { id } = await post(`${store}/v1/albums`, { name });
  const ids = await Promise.all(pictures.filter(({ album }) => album === name).map((picture) => idOf(store, picture.name)));
  await post(`${store}/v1/albums/${id}/images`, { ids });
}

// One after the other, so that they are in this order in the list.
for (const { name, ...wishes } of orders) await finished(await order(store, await idOf(store, name), wishes));

/** Waits for the end of a job by the events of the store, and for no longer than it takes. */
async function finished({ id }) {
  const events = await ask(`${store}/v1/events?job_id=${id}`);
  const job = async () => (await ask(`${store}/v1/jobs/${id}`)).json();
  // It may have ended before anybody listened.
  if (isOver(await job())) return;
  for await (const _ of events.body) if (isOver(await job())) return;
}

function isOver({ status, problem }) {
  if (["failed", "dead", "cancelled"].includes(status)) throw new Error(problem?.detail ?? status);
  return status === "done";
}
