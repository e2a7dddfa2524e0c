import type { Group } from "./types";

export const shape: Group = {
  id: "shape",
  label: { en: "Crop and turn", ru: "Обрезка и поворот" },
  parameters: [
    {
      name: "crop",
      label: { en: "Crop", ru: "Обрезка" },
      hint: { en: "Cut first, in pixels of the upright picture.", ru: "Выполняется первой, в пикселях исходного изображения." },
      control: { kind: "crop" },
    },
    {
      name: "trim",
      label: { en: "Trim", ru: "Срезать кайму" },
      hint: {
        en: "Cuts away a border of one colour; the number is how far it may differ.",
        ru: "Убирает одноцветную кайму; число — допустимое отличие цвета.",
      },
      control: { kind: "number", from: 0, to: 255, step: 1, slider: [0, 255], standard: 10 },
    },
    {
      name: "rotate",
      label: { en: "Rotate", ru: "Поворот" },
      control: {
        kind: "choice",
        standard: "0",
        options: [
          { value: "0", label: { en: "0°", ru: "0°" } },
          { value: "90", label: { en: "90°", ru: "90°" } },
          { value: "180", label: { en: "180°", ru: "180°" } },
          { value: "270", label: { en: "270°", ru: "270°" } },
        ],
      },
    },
    { name: "flip", label: { en: "Flip top to bottom", ru: "Отразить по вертикали" }, control: { kind: "flag", on: "1" } },
    { name: "flop", label: { en: "Flip left to right", ru: "Отразить по горизонтали" }, control: { kind: "flag", on: "1" } },
  ],
};

export const edges: Group = {
  id: "edges",
  label: { en: "Margins and corners", ru: "Поля и углы" },
  parameters: [
    {
      name: "pad",
      label: { en: "Padding", ru: "Поля" },
      hint: { en: "A border in pixels, transparent or in the background colour.", ru: "Рамка в пикселях: прозрачная или цвета фона." },
      control: { kind: "sides" },
    },
    {
      name: "bg",
      label: { en: "Background", ru: "Фон" },
      hint: {
        en: "Behind transparency, in margins and in padding.",
        ru: "За прозрачными местами и в полях.",
      },
      control: { kind: "colour", standard: "ffffff", alpha: true },
    },
    {
      name: "round",
      label: { en: "Round corners", ru: "Скругление углов" },
      control: {
        kind: "number",
        from: 0,
        to: 16384,
        step: 1,
        slider: [0, 400],
        standard: 0,
        unit: "px",
        word: { value: "max", label: { en: "Circle", ru: "Круг" } },
      },
    },
  ],
};
