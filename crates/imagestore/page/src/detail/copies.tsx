import { pictureHtml, type Image } from "../api";
import { CopyButton } from "../parts";
import { phrases } from "../text";
import { text } from "./text";

const WIDTH = 1600;

/** The picture as other places take it: a link, Markdown, HTML and a command. */
export function Copies({ image }: { image: Image }) {
  const extension = image.format === "svg" ? "png" : "webp";
  const shown = `${window.location.origin}/i/${image.id}.${extension}?w=${WIDTH}${(image.revision ?? 1) > 1 ? `&v=${image.revision}` : ""}`;
  const words = alternative(image);
  const markdown = `![${words.replace(/[[\]\\]/g, "\\$&")}](${shown})`;
  const curl = `curl -sf -o ${quoted(image.name ?? `${image.id}.${image.format}`)} ${quoted(`${window.location.origin}/download/${image.id}`)}`;
  return (
    <section class="detail-section">
      <h2>{phrases.copy()}</h2>
      <div class="detail-copies">
        <CopyButton value={shown}>{text.copyLink()}</CopyButton>
        <CopyButton value={markdown}>{text.copyMarkdown()}</CopyButton>
        <CopyButton value={() => pictureHtml(image.id, { alt: words })}>{text.copyHtml()}</CopyButton>
        <CopyButton value={curl}>{text.copyCurl()}</CopyButton>
      </div>
    </section>
  );
}

const alternative = ({ metadata, name }: Image) => (typeof metadata?.["caption"] === "string" ? metadata["caption"] : (name ?? "").replace(/\.\w+$/, ""));

/** For a shell, in which nothing but a quote has a meaning between quotes. */
const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
