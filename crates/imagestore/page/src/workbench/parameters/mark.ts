import { MARK, TEXT } from "./needs";
import type { Group, Need, Parameter } from "./types";

const LONGEST_TEXT = 200;

/** Where a mark stands and how visible it is: the same for a picture and for a text. */
function placing(prefix: string, need: Need): Parameter[] {
  return [
    {
      name: `${prefix}pos`,
      label: { en: "Position", ru: "Положение" },
      control: { kind: "place", standard: "southeast", extra: "tile" },
      needs: [need],
    },
    {
      name: `${prefix}opacity`,
      label: { en: "Opacity", ru: "Непрозрачность" },
      control: { kind: "number", from: 0.01, to: 1, step: 0.01, slider: [0.01, 1], standard: 1 },
      needs: [need],
    },
    {
      name: `${prefix}margin`,
      label: { en: "Distance to the edges", ru: "Отступ от краёв" },
      control: { kind: "number", from: 0, to: 4096, step: 1, slider: [0, 256], standard: 16, unit: "px" },
      needs: [need],
    },
  ];
}

export const imageMark: Group = {
  id: "image-mark",
  label: { en: "Picture on top", ru: "Изображение поверх" },
  parameters: [
    { name: "wm", label: { en: "Watermark picture", ru: "Водяной знак" }, control: { kind: "image" } },
    {
      name: "wmscale",
      label: { en: "Size", ru: "Размер" },
      hint: { en: "Which part of the picture it may take.", ru: "Какую часть изображения он может занять." },
      control: { kind: "number", from: 0.01, to: 1, step: 0.01, slider: [0.01, 1], standard: 0.25 },
      needs: [MARK],
    },
    ...placing("wm", MARK),
  ],
};

export const textMark: Group = {
  id: "text-mark",
  label: { en: "Text on top", ru: "Текст поверх" },
  parameters: [
    {
      name: "wmtext",
      label: { en: "Text", ru: "Текст" },
      hint: { en: "Up to 200 characters: Latin, Cyrillic, Greek.", ru: "До 200 знаков: латиница, кириллица, греческий." },
      control: { kind: "text", longest: LONGEST_TEXT },
    },
    ...placing("wmtext", TEXT),
    {
      name: "wmtextsize",
      label: { en: "Letter size", ru: "Размер букв" },
      hint: { en: "By default it follows the picture.", ru: "Если не задан — по размеру изображения." },
      control: { kind: "number", from: 4, to: 2048, step: 1, slider: [8, 256], standard: 48, logarithmic: true, unit: "px" },
      needs: [TEXT],
    },
    {
      name: "wmtextcolor",
      label: { en: "Colour", ru: "Цвет" },
      control: { kind: "colour", standard: "ffffff", alpha: false },
      needs: [TEXT],
    },
    {
      name: "wmtextshadow",
      label: { en: "Without shadow", ru: "Без тени" },
      control: { kind: "flag", on: "0" },
      needs: [TEXT],
    },
  ],
};
