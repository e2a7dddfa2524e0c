// The licences of all packages whose code is in the page: most of them ask that their text goes with every copy.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const PERMISSIVE = new Set(["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "0BSD", "Zlib", "Unlicense", "MPL-2.0"]);

const LICENCE_FILE = /^(licen[cs]e|copying|unlicense)([.-].*)?$/i;

/** The page's own file of licences, with a name that changes with its content: browsers keep it for good. */
export function licencesOf(metafile, here) {
  const bytes = Buffer.from(packagesIn(metafile).map((folder) => entryOf(folder, here)).join(`\n${"-".repeat(80)}\n\n`));
  const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 8).toUpperCase();
  return { path: `assets/licences-${digest}.txt`, bytes };
}

/** The folders below the page of packages of which something is left in the bundle. */
function packagesIn(metafile) {
  const inputs = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.entries(inputs));
  const used = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
  return [...new Set(used.map(packageOf).filter(Boolean))].sort();
}

function packageOf(path) {
  if (path.startsWith("icon:")) return "node_modules/lucide-static";
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
}

function entryOf(folder, here) {
  const { name, version, license } = JSON.parse(readFileSync(join(here, folder, "package.json"), "utf8"));
  if (!PERMISSIVE.has(license)) throw new Error(`${name} is under ${license}, which is not among the licences that the page may be made of`);
  return `${name} ${version} (${license})\n\n${textOf(name, join(here, folder), here).trim()}\n`;
}

/** What the package says itself; build/licences has the texts of those that leave theirs in their repository. */
function textOf(name, folder, here) {
  const own = readdirSync(folder).find((file) => LICENCE_FILE.test(file));
  if (own) return readFileSync(join(folder, own), "utf8");
  const kept = join(here, "build/licences", `${name.replaceAll("/", "-")}.txt`);
  if (existsSync(kept)) return readFileSync(kept, "utf8");
  throw new Error(`${name} comes without the text of its licence: put it into ${kept}`);
}
