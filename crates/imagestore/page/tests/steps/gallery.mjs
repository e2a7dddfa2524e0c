// The gallery, as a person uses it.

export const tiles = (page) => page.locator(".tile:not(.tile-empty)");

/** Deletes one image by the keyboard. A store that has kept nothing yet may be one that keeps nothing: then the page asks. */
export async function deleteTile(page, number) {
  await tiles(page).nth(number).focus();
  await page.keyboard.press("Delete");
  const agree = page.locator("dialog").getByRole("button", { name: "Delete", exact: true });
  await agree.or(page.getByText("1 image deleted")).first().waitFor();
  if (await agree.count()) await agree.click();
}
