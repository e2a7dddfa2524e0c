// The one HTML document. It holds no script and no style of its own, so that the content security policy can forbid both.
import { closureOf, copyOf, outputOf } from "./outputs.mjs";

/** The view that most begin with. Its scripts would otherwise be asked for one after the other. */
const FIRST_VIEW = "src/gallery/index.tsx";

/** `licences` is where the licences of what the page is made of are: it is named here, for only the finished build knows its name. */
export function pageOf(metafile, licences) {
  const app = outputOf(metafile, "src/app/main.tsx");
  const chunks = closureOf(metafile, outputOf(metafile, FIRST_VIEW), closureOf(metafile, app));
  chunks.delete(app);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<title>imagestore</title>
<link rel="icon" href="/ui/${copyOf(metafile, "src/app/icon.svg")}" type="image/svg+xml">
<link rel="license" href="/ui/${licences}">
<link rel="stylesheet" href="/ui/${outputOf(metafile, "styles:all")}">
<script src="/ui/${outputOf(metafile, "src/app/theme-first.ts")}"></script>
<link rel="preload" href="/v1/session" as="fetch" crossorigin>
${[...chunks].map((path) => `<link rel="modulepreload" href="/ui/${path}">\n`).join("")}<script type="module" src="/ui/${app}"></script>
</head>
<body>
<div id="app"></div>
<noscript>This page needs JavaScript. What it does can be done with curl, too: <a href="/swagger/">every address is described</a>.</noscript>
</body>
</html>
`;
}
