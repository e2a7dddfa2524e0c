// One stylesheet of all `style.css`: the tokens and foundations of `app`, then `parts`, then every feature. It is small, and one file keeps a
// view that is loaded later from being shown without its styles.
import { readdir } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";

const layerOf = (folder) => (folder === "app" || folder === "parts" ? folder : "features");

export const styles = {
  name: "styles",
  setup(build) {
    const source = join(build.initialOptions.absWorkingDir, "src");
    build.onResolve({ filter: /^styles:all$/ }, ({ path }) => ({ path: path.slice("styles:".length), namespace: "styles" }));
    build.onLoad({ filter: /^all$/, namespace: "styles" }, async () => {
      const folders = (await readdir(source)).filter((folder) => existsSync(join(source, folder, "style.css"))).sort();
      const files = ["app/tokens.css", ...folders.map((folder) => `${folder}/style.css`)];
      const imports = files.map((file) => `@import "./${file}" layer(${layerOf(file.split("/")[0])});`);
      return {
        contents: ["@layer app, parts, features;", ...imports].join("\n"),
        loader: "css",
        resolveDir: source,
        watchDirs: [source, ...folders.map((folder) => join(source, folder))],
      };
    });
  },
};
