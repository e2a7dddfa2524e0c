// The store that asks for keys: KEYED_PAGE is its address, KEYED_PAGE_KEY a key with the scope admin.
import assert from "node:assert/strict";

export const base = process.env.KEYED_PAGE;
export const adminKey = process.env.KEYED_PAGE_KEY;
export const skip = base && adminKey ? false : "KEYED_PAGE and KEYED_PAGE_KEY name no store that asks for keys";

export const shownBy = (key) => ({ headers: { Authorization: `Bearer ${key}` } });

export const keyField = (page) => page.getByLabel("Key", { exact: true });

export async function signIn(page, key, path = "/ui/users") {
  await page.goto(base + path);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await keyField(page).fill(key);
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname + url.search === path);
}

export async function signOut(page) {
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByText("Signed in as").waitFor();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
}

/** A new user, and a key with these scopes. */
export async function newUser(name, scopes = ["read", "write", "delete"]) {
  const make = async (path, order) => {
    const answer = await fetch(`${base}/v1/admin/${path}`, { method: "POST", body: JSON.stringify(order), ...shownBy(adminKey) });
    assert.equal(answer.status, 201, await answer.clone().text());
    return answer.json();
  };
  const user = await make("users", { name });
  const { key } = await make("keys", { user_id: user.id, scopes });
  return { name, key };
}
