import type { Group, NumberControl, Parameter, Words } from "./types";

const percent: NumberControl = { kind: "number", from: -100, to: 100, step: 1, slider: [-100, 100], standard: 0 };

const tint = (name: string, label: Words, others: readonly string[]): Parameter => ({
  name,
  label,
  control: { kind: "flag", on: "1" },
  excludes: others,
});

export const tone: Group = {
  id: "tone",
  label: { en: "Light and colour", ru: "Свет и цвет" },
  parameters: [
    { name: "brightness", label: { en: "Brightness", ru: "Яркость" }, control: percent },
    { name: "contrast", label: { en: "Contrast", ru: "Контраст" }, control: percent },
    {
      name: "gamma",
      label: { en: "Gamma", ru: "Гамма" },
      hint: { en: "Above 1 lightens the midtones.", ru: "Больше 1 — светлее средние тона." },
      control: { kind: "number", from: 0.1, to: 10, step: 0.05, slider: [0.2, 5], standard: 1, logarithmic: true },
    },
    { name: "saturation", label: { en: "Saturation", ru: "Насыщенность" }, control: percent },
    {
      name: "hue",
      label: { en: "Hue", ru: "Оттенок" },
      control: { kind: "number", from: -360, to: 360, step: 1, slider: [-180, 180], standard: 0, unit: "degrees" },
    },
    tint("gray", { en: "Greyscale", ru: "Оттенки серого" }, ["sepia", "duotone"]),
    tint("sepia", { en: "Sepia", ru: "Сепия" }, ["gray", "duotone"]),
    {
      name: "duotone",
      label: { en: "Duotone", ru: "Дуотон" },
      hint: { en: "Dark and light in two colours.", ru: "Тёмное и светлое двумя цветами." },
      control: { kind: "duotone" },
      excludes: ["gray", "sepia"],
    },
    { name: "negate", label: { en: "Negative", ru: "Негатив" }, control: { kind: "flag", on: "1" } },
  ],
};

export const effect: Group = {
  id: "effect",
  label: { en: "Effects", ru: "Эффекты" },
  parameters: [
    {
      name: "blur",
      label: { en: "Blur", ru: "Размытие" },
      control: { kind: "number", from: 0.3, to: 100, step: 0.1, slider: [0.3, 50], standard: 0.3, logarithmic: true, unit: "px" },
    },
    {
      name: "sharpen",
      label: { en: "Sharpen", ru: "Резкость" },
      control: { kind: "number", from: 0.3, to: 10, step: 0.1, slider: [0.3, 10], standard: 0.3, logarithmic: true, unit: "px" },
    },
    {
      name: "pixelate",
      label: { en: "Pixelate", ru: "Мозаика" },
      hint: { en: "The side of blocks of one colour.", ru: "Сторона одноцветных квадратов." },
      control: { kind: "number", from: 2, to: 1024, step: 1, slider: [2, 128], standard: 2, logarithmic: true, unit: "px" },
    },
  ],
};
