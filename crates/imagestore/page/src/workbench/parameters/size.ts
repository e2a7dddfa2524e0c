import { ANIMATION, BOX, PLACED, SIZE } from "./needs";
import type { Group, NumberControl } from "./types";

const LONGEST_SIDE = 16384;

const AUTO = { value: "auto", label: { en: "As the browser asks", ru: "По запросу браузера" } };

const side: NumberControl = {
  kind: "number",
  from: 1,
  to: LONGEST_SIDE,
  step: 1,
  slider: [16, 4096],
  standard: 1024,
  logarithmic: true,
  unit: "px",
};

export const size: Group = {
  id: "size",
  label: { en: "Size", ru: "Размер" },
  parameters: [
    {
      name: "w",
      label: { en: "Width", ru: "Ширина" },
      hint: { en: "“As the browser asks” follows its width hint.", ru: "«По запросу браузера» следует его подсказке о ширине." },
      control: { ...side, word: AUTO },
    },
    { name: "h", label: { en: "Height", ru: "Высота" }, control: side },
    {
      name: "dpr",
      label: { en: "Pixel density", ru: "Плотность пикселей" },
      hint: { en: "Multiplies width and height.", ru: "Умножает ширину и высоту." },
      control: { kind: "number", from: 0.1, to: 8, step: 0.1, slider: [0.5, 4], standard: 1, word: AUTO },
      needs: [SIZE],
    },
    {
      name: "fit",
      label: { en: "Fit", ru: "Как вписать" },
      hint: { en: "How the picture meets the box of width and height.", ru: "Как изображение занимает рамку из ширины и высоты." },
      control: {
        kind: "choice",
        standard: "inside",
        options: [
          { value: "inside", label: { en: "Inside", ru: "Вписать" } },
          { value: "cover", label: { en: "Cover", ru: "Заполнить" } },
          { value: "contain", label: { en: "Contain", ru: "Вписать с полями" } },
          { value: "fill", label: { en: "Stretch", ru: "Растянуть" } },
          { value: "outside", label: { en: "Outside", ru: "Покрыть" } },
        ],
      },
      needs: [BOX],
    },
    {
      name: "gravity",
      label: { en: "Gravity", ru: "Что сохранить" },
      hint: {
        en: "What stays when the picture is cut, where it stands when it has margins.",
        ru: "Что останется при обрезке и где встанет изображение с полями.",
      },
      control: { kind: "place", standard: "center", extra: "smart" },
      needs: [BOX, PLACED],
    },
    {
      name: "enlarge",
      label: { en: "Allow enlarging", ru: "Разрешить увеличение" },
      hint: { en: "More pixels than the source has.", ru: "Больше пикселей, чем в исходном изображении." },
      control: { kind: "flag", on: "1" },
      needs: [SIZE],
    },
  ],
};

export const frames: Group = {
  id: "frames",
  label: { en: "Frames", ru: "Кадры" },
  parameters: [
    {
      name: "anim",
      label: { en: "First frame only", ru: "Только первый кадр" },
      control: { kind: "flag", on: "0" },
      needs: [ANIMATION],
      excludes: ["page"],
    },
    {
      name: "page",
      label: { en: "Frame", ru: "Кадр" },
      hint: { en: "One frame, counted from 0.", ru: "Один кадр; счёт от 0." },
      control: { kind: "number", from: 0, to: 4294967295, step: 1, slider: [0, 100], standard: 0 },
      needs: [ANIMATION],
      excludes: ["anim"],
    },
  ],
};
