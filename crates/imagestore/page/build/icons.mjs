// `import trash from "icon:trash"` gives the shapes of one icon of Lucide, so that a chunk carries only the icons that it shows.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const source = createRequire(import.meta.url).resolve("lucide-static/icon-nodes.json");

export const icons = {
  name: "icons",
  setup(build) {
    const all = readFile(source, "utf8").then(JSON.parse);
    build.onResolve({ filter: /^icon:/ }, ({ path }) => ({ path: path.slice("icon:".length), namespace: "icon" }));
    build.onLoad({ filter: /.*/, namespace: "icon" }, async ({ path }) => {
      const shapes = (await all)[path];
      return shapes ? { contents: JSON.stringify(shapes), loader: "json" } : { errors: [{ text: `Lucide has no icon ${path}` }] };
    });
  },
};
