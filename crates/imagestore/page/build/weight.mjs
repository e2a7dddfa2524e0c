// What a browser fetches before the gallery stands there: the document, its styles, and every script that runs until then.
import { constants, brotliCompressSync, gzipSync } from "node:zlib";
import { closureOf, copyOf, outputOf } from "./outputs.mjs";

const FIRST = ["src/app/main.tsx", "src/gallery/index.tsx", "styles:all", "src/app/theme-first.ts"];

export function firstView(metafile, files) {
  const paths = new Set(["index.html", copyOf(metafile, "src/app/icon.svg"), ...FIRST.flatMap((source) => [...closureOf(metafile, outputOf(metafile, source))])]);
  return [...paths].reduce((sum, path) => sum + compressed(files.get(path)), 0);
}

/** As the heavier of the two ways that a browser may ask for. */
function compressed(bytes) {
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });
  return Math.max(brotli.length, gzipSync(bytes).length);
}
