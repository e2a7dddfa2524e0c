import { formatName } from "../../text/format-name";
import { BOUNDED, LOSSLESS, METADATA, PALETTE } from "./needs";
import type { Group } from "./types";

const FORMATS = ["jpg", "webp", "avif", "png", "jxl", "gif", "tiff", "bmp", "qoi"];

/** Ways to say how good the file is to be: one of them at a time. */
const WAYS = ["q", "target", "max_bytes", "lossless"];

const others = (name: string, ...more: string[]) => [...WAYS.filter((way) => way !== name), ...more];

export const file: Group = {
  id: "file",
  label: { en: "Format and quality", ru: "Формат и качество" },
  parameters: [
    {
      name: "format",
      label: { en: "Format", ru: "Формат" },
      hint: { en: "“Best for the browser” follows what it accepts.", ru: "«Лучший для браузера» выбирается по тому, что он принимает." },
      control: {
        kind: "choice",
        standard: "",
        options: [
          { value: "", label: { en: "As the source", ru: "Как у исходного" } },
          { value: "auto", label: { en: "Best for the browser", ru: "Лучший для браузера" } },
          ...FORMATS.map((value) => ({ value, label: { en: formatName(value), ru: formatName(value) } })),
        ],
      },
    },
    {
      name: "q",
      label: { en: "Encoder quality", ru: "Качество кодера" },
      hint: { en: "80 by default, 60 for AVIF.", ru: "По умолчанию 80, для AVIF 60." },
      control: { kind: "number", from: 1, to: 100, step: 1, slider: [1, 100], standard: 80 },
      excludes: others("q"),
    },
    {
      name: "target",
      label: { en: "Visual quality", ru: "Видимое качество" },
      hint: {
        en: "The smallest file that scores at least so much on SSIMULACRA2.",
        ru: "Наименьший файл с оценкой SSIMULACRA2 не ниже заданной.",
      },
      control: { kind: "target" },
      excludes: others("target", "colors"),
    },
    {
      name: "max_bytes",
      label: { en: "Most bytes", ru: "Не больше байтов" },
      hint: { en: "The best-looking file that is no larger.", ru: "Лучший на вид файл не больше этого размера." },
      control: {
        kind: "number",
        from: 1,
        to: Number.MAX_SAFE_INTEGER,
        step: 1,
        slider: [2000, 2000000],
        standard: 100000,
        logarithmic: true,
        unit: "bytes",
      },
      needs: [BOUNDED],
      excludes: others("max_bytes", "colors"),
    },
    {
      name: "lossless",
      label: { en: "Lossless", ru: "Без потерь" },
      control: { kind: "flag", on: "1" },
      needs: [LOSSLESS],
      excludes: others("lossless", "colors"),
    },
    {
      name: "colors",
      label: { en: "Colours in the palette", ru: "Цветов в палитре" },
      control: { kind: "number", from: 2, to: 256, step: 1, slider: [2, 256], standard: 256, logarithmic: true },
      needs: [PALETTE],
      excludes: ["target", "max_bytes", "lossless"],
    },
  ],
};

export const metadata: Group = {
  id: "metadata",
  label: { en: "Colour profile and metadata", ru: "Цветовой профиль и метаданные" },
  parameters: [
    {
      name: "icc",
      label: { en: "Colour profile", ru: "Цветовой профиль" },
      hint: {
        en: "“Automatic” keeps colours wider than sRGB.",
        ru: "«Автоматически» сохраняет цвета шире sRGB.",
      },
      control: {
        kind: "choice",
        standard: "auto",
        options: [
          { value: "auto", label: { en: "Automatic", ru: "Автоматически" } },
          { value: "keep", label: { en: "Keep", ru: "Сохранить" } },
          { value: "srgb", label: { en: "sRGB", ru: "sRGB" } },
        ],
      },
    },
    {
      name: "strip",
      label: { en: "Keep EXIF and XMP", ru: "Сохранить EXIF и XMP" },
      control: { kind: "flag", on: "0" },
    },
    {
      name: "gps",
      label: { en: "Keep where it was taken", ru: "Сохранить место съёмки" },
      control: { kind: "flag", on: "keep" },
      needs: [METADATA],
    },
  ],
};

export const base: Group = {
  id: "base",
  label: { en: "Named variant", ru: "Именованный вариант" },
  parameters: [
    {
      name: "transform",
      label: { en: "Start from", ru: "Основа" },
      hint: {
        en: "A preset of the store, which other parameters adjust, or a stored variant, which is sent as it is.",
        ru: "Набор параметров хранилища, который можно уточнить, или сохранённый вариант, который отдаётся как есть.",
      },
      control: { kind: "preset" },
    },
  ],
};
