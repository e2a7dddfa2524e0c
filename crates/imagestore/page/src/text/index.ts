export * as format from "./format";
export { language, languages, speak, type Language } from "./language";
export { texts } from "./texts";
