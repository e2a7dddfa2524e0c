// Makes dist/ from src/, or serves the page from memory in front of a running store.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { context } from "esbuild";
import { pageOf } from "./build/document.mjs";
import { icons } from "./build/icons.mjs";
import { licencesOf } from "./build/licences.mjs";
import { styles } from "./build/styles.mjs";
import { serve } from "./build/serve.mjs";
import { firstView } from "./build/weight.mjs";

const here = dirname(fileURLToPath(import.meta.url));

/** What the page may weigh before its first pictures, in bytes after compression. */
const FIRST_VIEW_LIMIT = 100 * 1000;

const { values: options } = parseArgs({
  options: {
    out: { type: "string", default: "dist" },
    serve: { type: "string" },
    store: { type: "string", default: "http://127.0.0.1:8000" },
    "as-built": { type: "boolean", default: false },
  },
});

const out = resolve(here, options.out);

const settings = {
  absWorkingDir: here,
  entryPoints: {
    app: "src/app/main.tsx",
    style: "styles:all",
    theme: "src/app/theme-first.ts",
  },
  outdir: out,
  entryNames: "assets/[name]-[hash]",
  chunkNames: "assets/[name]-[hash]",
  assetNames: "assets/[name]-[hash]",
  publicPath: "/ui",
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["chrome123", "firefox120", "safari17.5"],
  jsx: "automatic",
  jsxImportSource: "preact",
  minify: true,
  legalComments: "none",
  loader: { ".svg": "file" },
  metafile: true,
  write: false,
  logLevel: "warning",
  plugins: [icons, styles],
};

/** The files of a build by their paths below dist, the document among them. */
function filesOf(result) {
  const files = new Map();
  for (const file of result.outputFiles) {
    files.set(file.path.slice(out.length + 1).replaceAll("\\", "/"), Buffer.from(file.contents));
  }
  const licences = licencesOf(result.metafile, here);
  files.set(licences.path, licences.bytes);
  files.set("index.html", Buffer.from(pageOf(result.metafile, licences.path)));
  return files;
}

if (options.serve) {
  await serve({ settings, filesOf, port: Number(options.serve), store: new URL(options.store), asBuilt: options["as-built"] });
} else {
  const build = await context(settings);
  const result = await build.rebuild();
  await build.dispose();
  const files = filesOf(result);

  await rm(out, { recursive: true, force: true });
  await mkdir(join(out, "assets"), { recursive: true });
  await Promise.all([...files].map(([path, bytes]) => writeFile(join(out, path), bytes)));

  const weight = firstView(result.metafile, files);
  console.log(`${files.size} files; the first view weighs ${(weight / 1000).toFixed(1)} KB compressed, of at most ${FIRST_VIEW_LIMIT / 1000} KB`);
  if (weight > FIRST_VIEW_LIMIT) {
    console.error("The first view has become too heavy: load what it does not need later, with import().");
    process.exitCode = 1;
  }
}
