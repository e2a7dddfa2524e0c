// The gallery, as a person uses it.

export const tiles = (page) => page.locator(".tile:not(.tile-empty)");

/** Deletes one image by the keyboard. */
export async function deleteTile(page, number) {
  await tiles(page).nth(number).focus();
  await page.keyboard.press("Delete");
}
