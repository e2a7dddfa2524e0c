// The page from memory, built again with each change, and everything else from a running store: one origin, as in the finished product.
import { createServer, request } from "node:http";
import { brotliCompressSync } from "node:zlib";
import { context } from "esbuild";

const TYPES = { html: "text/html; charset=utf-8", js: "text/javascript", css: "text/css", svg: "image/svg+xml", txt: "text/plain; charset=utf-8" };

/** As imagestore sends it, so that what it forbids is noticed here. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** Its files are to be read while one works on them, unless they are wanted `asBuilt`: as small as imagestore sends them. */
export async function serve({ settings, filesOf, port, store, asBuilt }) {
  let files = new Map();
  const packed = new WeakMap();
  const sent = (bytes) => {
    if (!asBuilt) return bytes;
    if (!packed.has(bytes)) packed.set(bytes, brotliCompressSync(bytes));
    return packed.get(bytes);
  };
  const taken = {
    name: "taken",
    setup(build) {
      build.onEnd((result) => {
        if (result.errors.length === 0) files = filesOf(result);
      });
    },
  };
  const readable = asBuilt ? {} : { minify: false, sourcemap: "inline" };
  const build = await context({ ...settings, ...readable, plugins: [...settings.plugins, taken] });
  await build.rebuild();
  await build.watch();

  createServer((asked, answer) => {
    const path = new URL(asked.url, "http://localhost").pathname;
    const file = path.startsWith("/ui/assets/") ? path.slice("/ui/".length) : wantsPage(asked, path) ? "index.html" : undefined;
    if (file === undefined) return forward(asked, answer, store);
    const bytes = files.get(file);
    if (!bytes) return answer.writeHead(404).end();
    answer.writeHead(200, { "content-type": TYPES[file.split(".").pop()], "content-security-policy": POLICY, "cache-control": "no-store", ...(asBuilt && { "content-encoding": "br" }) });
    answer.end(sent(bytes));
  }).listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port}/ in front of ${store.origin}`));
}

function wantsPage(asked, path) {
  const isPage = path === "/" || path === "/v1" || path === "/ui" || path.startsWith("/ui/");
  return isPage && asked.method === "GET" && (asked.headers.accept ?? "").includes("text/html");
}

function forward(asked, answer, store) {
  const onward = request(
    { host: store.hostname, port: store.port, method: asked.method, path: asked.url, headers: asked.headers },
    (given) => {
      answer.writeHead(given.statusCode, given.headers);
      answer.flushHeaders();
      given.pipe(answer);
    },
  );
  onward.on("error", (error) => {
    if (!answer.headersSent) answer.writeHead(502, { "content-type": "text/plain" });
    answer.end(`${store.origin}: ${error.message}\n`);
  });
  answer.on("close", () => onward.destroy());
  asked.pipe(onward);
}
