// The workbench, as a person uses it.

export const address = (page) => page.getByRole("textbox", { name: "Address" }).inputValue();

export const width = (page) => page.getByRole("spinbutton", { name: "Width" }).first();

/** Waits until the picture that is shown is of this size. */
export const shown = (page, wide, high) => page.waitForSelector(`.wb-result img[width="${wide}"][height="${high}"]`);
