// Requests to a store, which have to succeed.

/** The answer of a store; whatever is no success ends the run. */
export async function ask(url, options) {
  const answer = await fetch(url, options);
  if (!answer.ok) throw new Error(`${options?.method ?? "GET"} ${url}: ${await answer.text()}`);
  return answer;
}

export const post = async (url, body) => (await ask(url, { method: "POST", body: JSON.stringify(body) })).json();

/** Stores a file, and gives its record. */
export const upload = async (store, body, query) => (await ask(`${store}/v1/images?${new URLSearchParams(query)}`, { method: "POST", body })).json();

/** The id of the picture of this name, whatever its format is. */
export async function idOf(store, name) {
  const { images } = await (await ask(`${store}/v1/images?name=${name.replace(/[^.]*$/, "")}&limit=1`)).json();
  return images[0].id;
}
