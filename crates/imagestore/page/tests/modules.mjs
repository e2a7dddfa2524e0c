// Modules of the page that need no browser, bundled so that Node can run them.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const source = join(dirname(fileURLToPath(import.meta.url)), "..", "src");

/** What the module at `path` below src exports. */
export async function load(path) {
  const { outputFiles } = await build({
    entryPoints: [join(source, path)],
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
}
