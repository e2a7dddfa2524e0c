import trash from "icon:trash";
import { deleteVariants, may, type ImageInfo } from "../api";
import { Button, confirm, report, toast } from "../parts";
import { format, formatName, phrases } from "../text";
import { text } from "./text";

/** What is stored of a picture beside its original. */
export function Variants({ image, onChange }: { image: ImageInfo; onChange: () => void }) {
  const remove = async () => {
    if (!(await confirm({ title: text.deleteVariants(), detail: text.deleteVariantsDetail(), confirm: phrases.delete(), danger: true }))) return;
    try {
      const { variants } = await deleteVariants(image.id);
      toast(text.variantsRemoved({ count: variants }));
      onChange();
    } catch (error) {
      report(error);
    }
  };
  return (
    <section class="detail-section">
      <h2>{text.variants()}</h2>
      {image.variants.length === 0 && <p class="detail-note">{text.noVariants()}</p>}
      <ul class="detail-variants">
        {image.variants.map((variant) => {
          const { pathname, search } = new URL(variant.url, window.location.origin);
          const score = variant.figures?.score;
          return (
            <li key={variant.url}>
              <a href={pathname + search} target="_blank" rel="noreferrer">{variant.variant}</a>
              <span>{formatName(variant.format)} · {variant.width} × {variant.height}{score ? ` · ${text.score({ score: format.number(score, 1) })}` : ""}</span>
              <span class="detail-variant-bytes">{format.bytes(variant.bytes)}<span class="detail-note"> {text.ofOriginal({ part: format.percent(variant.bytes / image.bytes) })}</span></span>
            </li>
          );
        })}
      </ul>
      {image.variants.length > 0 && may("write") && <Button kind="quiet" icon={trash} onClick={() => void remove()}>{text.deleteVariants()}</Button>}
    </section>
  );
}
