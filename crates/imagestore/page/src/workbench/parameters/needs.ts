import type { Need, Source, Values } from "./types";

/** The format that comes out; `auto` where the browser decides. */
export function resultFormat(values: Values, source: Source): string {
  return values.format ?? source.format;
}

const oneOf = (formats: readonly string[]) => (values: Values, source: Source) => {
  const format = resultFormat(values, source);
  return format === "auto" || formats.includes(format);
};

export const SIZE: Need = {
  says: { en: "Set a width or height first.", ru: "Сначала задайте ширину или высоту." },
  met: (values) => "w" in values || "h" in values,
};

export const BOX: Need = {
  says: { en: "Set both width and height first.", ru: "Сначала задайте и ширину, и высоту." },
  met: (values) => "w" in values && "h" in values,
};

export const PLACED: Need = {
  says: {
    en: "Has an effect only with “Cover” or “Contain”.",
    ru: "Действует только при «Заполнить» или «Вписать с полями».",
  },
  met: (values) => values.fit === "cover" || values.fit === "contain",
};

export const ANIMATION: Need = {
  says: { en: "This picture has one frame only.", ru: "В этом изображении только один кадр." },
  met: (_, source) => source.animated,
};

export const MARK: Need = {
  says: { en: "Choose a watermark picture first.", ru: "Сначала выберите изображение для водяного знака." },
  met: (values) => "wm" in values,
};

export const TEXT: Need = {
  says: { en: "Write a text first.", ru: "Сначала напишите текст." },
  met: (values) => "wmtext" in values,
};

export const METADATA: Need = {
  says: { en: "Keep the metadata first.", ru: "Сначала включите сохранение метаданных." },
  met: (values) => values.strip === "0",
};

export const PALETTE: Need = {
  says: { en: "Only for PNG and GIF.", ru: "Только для PNG и GIF." },
  met: oneOf(["png", "gif"]),
};

export const LOSSLESS: Need = {
  says: { en: "Only for WebP and JPEG XL.", ru: "Только для WebP и JPEG XL." },
  met: oneOf(["webp", "jxl"]),
};

export const BOUNDED: Need = {
  says: { en: "Only for JPEG, WebP, AVIF and JPEG XL.", ru: "Только для JPEG, WebP, AVIF и JPEG XL." },
  met: oneOf(["jpg", "webp", "avif", "jxl"]),
};
