import assert from "node:assert/strict";
import test from "node:test";
import { accessible, withPage } from "./browser.mjs";
import { adminKey, base, keyField, newUser, shownBy, signIn, signOut, skip } from "./steps/access.mjs";

test("a wrong key is told of, and a right one leads where one wanted to go", { skip }, () =>
  withPage(async (page, told) => {
    await page.goto(`${base}/ui/jobs?from=link`);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await accessible(page);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("Enter a key.").waitFor();
    await keyField(page).fill("imgs_wrong");
    await page.keyboard.press("Enter");
    await page.getByText("This key is not known here").waitFor();
    // The browser notes the refused request by itself.
    assert.equal(told.splice(0).length, 1);
    await keyField(page).fill(adminKey);
    await page.keyboard.press("Enter");
    await page.waitForURL(`${base}/ui/jobs?from=link`);
    const [cookie] = await page.context().cookies();
    assert.deepEqual([cookie.httpOnly, cookie.sameSite], [true, "Strict"]);
    assert.equal(await page.evaluate((secret) => JSON.stringify({ ...localStorage, ...sessionStorage }).includes(secret), adminKey), false);
  }));

test("a key that is made for services signs nobody in", { skip }, () =>
  withPage(async (page) => {
    const asAdmin = shownBy(adminKey);
    const { users } = await (await fetch(`${base}/v1/admin/users`, asAdmin)).json();
    const order = JSON.stringify({ user_id: users.find(({ disabled }) => !disabled).id, scopes: ["service"] });
    const made = await (await fetch(`${base}/v1/admin/keys`, { method: "POST", body: order, ...asAdmin })).json();
    await page.goto(`${base}/ui/sign-in`);
    await keyField(page).fill(made.key);
    await page.keyboard.press("Enter");
    await page.getByText("it is made for services").waitFor();
    assert.deepEqual(await page.context().cookies(), []);
  }));

test("it leads nowhere but within the page", { skip }, () =>
  withPage(async (page) => {
    await page.goto(`${base}/ui/sign-in?next=${encodeURIComponent("//example.org/")}`);
    await keyField(page).fill(adminKey);
    await page.keyboard.press("Enter");
    await page.waitForURL(`${base}/`);
  }));

test("a user is added, gets a key, is bounded and kept out", { skip }, () =>
  withPage(async (page, told) => {
    await signIn(page, adminKey);
    const name = `anna-${Date.now().toString(36)}`;
    await page.getByRole("button", { name: "Add a user" }).click();
    await page.getByLabel("Name").fill("Anna!");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByText("Only a–z").waitFor();
    await accessible(page);
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Most space").fill("50");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    const row = page.getByRole("row").filter({ hasText: name });
    await row.getByText("50 MB").waitFor();
    await accessible(page);

    await page.getByRole("button", { name: "Make a key" }).click();
    await page.getByLabel("What it is for").fill("laptop");
    await accessible(page);
    await page.getByRole("button", { name: "Make", exact: true }).click();
    const made = await keyField(page).inputValue();
    assert.match(made, /^imgs_/);
    await page.getByRole("button", { name: "I have it" }).click();
    await page.getByRole("row").filter({ hasText: "laptop" }).getByText("Valid").waitFor();
    assert.equal(await page.getByText(made).count(), 0);
    await accessible(page);

    await page.getByRole("link", { name: "Users" }).click();
    const menu = () => row.getByRole("button", { name: /What can be done/ }).click();
    await menu();
    await page.getByRole("menuitem", { name: "Change the limits" }).click();
    await page.getByLabel("Most images").fill("3");
    await page.getByRole("button", { name: "Save" }).click();
    await row.getByText("3 images, 50 MB").waitFor();

    await withPage(async (theirs) => {
      await signIn(theirs, made, "/ui/system");
      await theirs.getByText("0 of 3").waitFor();
      await theirs.goto(`${base}/ui/keys`);
      await theirs.getByText("This is for administrators").waitFor();
      assert.equal(await theirs.getByRole("link", { name: "Users" }).count(), 0);
    });

    await menu();
    await page.getByRole("menuitem", { name: "Keep out" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Keep out" }).click();
    await row.getByText("Kept out").waitFor();
    const refused = await fetch(`${base}/v1/usage`, shownBy(made));
    assert.equal(refused.status, 401);
    assert.deepEqual(told, []);
  }));

test("a key that is revoked ends at once what it was used for", { skip }, () =>
  withPage(async (page) => {
    const { key, name } = await newUser(`clara-${Date.now().toString(36)}`);
    await signIn(page, adminKey, "/ui/keys");
    const row = page.getByRole("row").filter({ hasText: name });
    await withPage(async (theirs, told) => {
      await signIn(theirs, key, "/ui/jobs");
      await theirs.getByText("Live", { exact: true }).waitFor();
      await theirs.route("**/v1/events", (route) => route.abort());
      await theirs.reload();
      await theirs.getByText("No live updates").waitFor();
      await row.getByRole("button", { name: /^Revoke/ }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
      await row.waitFor({ state: "detached" });
      await accessible(page);
      assert.equal((await fetch(`${base}/v1/images`, shownBy(key))).status, 401);
      assert.equal((await theirs.request.get(`${base}/v1/images`)).status(), 401);
      // Once it can be heard again what happens, the page asks for another key by itself.
      await theirs.unroute("**/v1/events");
      await theirs.getByRole("heading", { name: "Sign in" }).waitFor();
      assert.equal(new URL(theirs.url()).searchParams.get("next"), "/ui/jobs");
      // The browser notes refused and broken requests by itself.
      const noted = told.splice(0);
      assert.ok(noted.every((line) => /401|ERR_FAILED/.test(line)), noted.join());
    });
    await page.getByLabel("Show revoked and expired ones").check();
    await row.getByText("Revoked", { exact: true }).waitFor();
  }));

test("signing out asks for a key again", { skip }, () =>
  withPage(async (page) => {
    await signIn(page, adminKey, "/ui/system");
    await signOut(page);
    assert.deepEqual(await page.context().cookies(), []);
  }));
