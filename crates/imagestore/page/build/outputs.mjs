// What esbuild's metafile says of the files it wrote, by the source that each was made of.

const below = (path) => path.slice(path.indexOf("assets/"));

/** The output made of the entry point `source`, as a path below dist. */
export function outputOf(metafile, source) {
  const found = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === source);
  if (!found) throw new Error(`nothing was built from ${source}`);
  return below(found[0]);
}

/** The output that is the file `source` itself, such as a picture. */
export function copyOf(metafile, source) {
  const found = Object.entries(metafile.outputs).find(([path, output]) => source in output.inputs && !path.endsWith(".js"));
  if (!found) throw new Error(`nothing names ${source}`);
  return below(found[0]);
}

/** What the output `path` needs before it can run, itself included. */
export function closureOf(metafile, path, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  const output = Object.entries(metafile.outputs).find(([name]) => below(name) === path)?.[1];
  for (const dependency of output?.imports ?? []) {
    if (dependency.kind === "import-statement") closureOf(metafile, below(dependency.path), found);
  }
  return found;
}
