export * as format from "./format";
export { formatName } from "./format-name";
export { language, languages, speak, type Language } from "./language";
export { phrases } from "./phrases";
export { texts } from "./texts";
