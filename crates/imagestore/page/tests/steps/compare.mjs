// The view that compares compressed files, as a person uses it.

/** Waits until nothing is searched for any more. */
export const settled = (page, formats = 3) =>
  page.waitForFunction(
    (count) => document.querySelectorAll(".cmp-table tbody tr").length === count && !document.querySelector("[aria-busy=true].cmp-frame"),
    formats,
  );

export const row = (page, format) => page.getByRole("row", { name: new RegExp(`Show ${format}`) });

/** What is told of one format: its bytes, how much it saves, its score. */
export async function figures(page, format) {
  const [, bytes, saved, score] = await row(page, format).getByRole("cell").or(row(page, format).getByRole("rowheader")).allInnerTexts();
  return { bytes, saved, score };
}
