/** What the service calls its steps and limits, in words of the page. What it calls otherwise stands as it is. */

import { texts } from "../text";

const steps: Readonly<Record<string, () => string>> = texts({
  orient: { en: "turn upright", ru: "развернуть как надо" },
  crop: { en: "crop", ru: "обрезать" },
  trim: { en: "trim the border", ru: "срезать кайму" },
  rotate: { en: "rotate", ru: "повернуть" },
  flip: { en: "flip top to bottom", ru: "отразить по вертикали" },
  flop: { en: "flip left to right", ru: "отразить по горизонтали" },
  resize: { en: "resize", ru: "изменить размер" },
  "settle-colours": { en: "settle colours", ru: "согласовать цвета" },
  levels: { en: "brightness, contrast, gamma", ru: "яркость, контраст, гамма" },
  "turn-colours": { en: "saturation, hue", ru: "насыщенность, оттенок" },
  gray: { en: "greyscale", ru: "оттенки серого" },
  sepia: { en: "sepia", ru: "сепия" },
  duotone: { en: "duotone", ru: "дуотон" },
  negate: { en: "negative", ru: "негатив" },
  pixelate: { en: "pixelate", ru: "мозаика" },
  blur: { en: "blur", ru: "размыть" },
  sharpen: { en: "sharpen", ru: "повысить резкость" },
  pad: { en: "add padding", ru: "добавить поля" },
  background: { en: "put a background behind it", ru: "подложить фон" },
  watermark: { en: "draw the picture on top", ru: "наложить изображение" },
  text: { en: "draw the text", ru: "наложить текст" },
  round: { en: "round the corners", ru: "скруглить углы" },
  flatten: { en: "take transparency away", ru: "убрать прозрачность" },
});

const limits: Readonly<Record<string, () => string>> = texts({
  "source pixels": { en: "pixels of the source", ru: "пикселей в исходном" },
  "longest side of the source": { en: "longest side of the source", ru: "длинная сторона исходного" },
  "result pixels": { en: "pixels of the result", ru: "пикселей в результате" },
  "longest side of the result": { en: "longest side of the result", ru: "длинная сторона результата" },
  "bytes of memory": { en: "bytes of memory", ru: "байтов памяти" },
});

export const stepName = (name: string): string => steps[name]?.() ?? name;
export const limitName = (name: string): string => limits[name]?.() ?? name;
