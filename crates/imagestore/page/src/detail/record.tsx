import { useEffect, useState } from "preact/hooks";
import pencil from "icon:pencil";
import { changeImage, may, type ImageInfo, type Visibility } from "../api";
import { Button, report, Select, TextArea, TextField, toast } from "../parts";
import { phrases } from "../text";
import { text } from "./text";

const visibilities: readonly Visibility[] = ["private", "unlisted", "public"];

const captionOf = ({ metadata }: ImageInfo) => (typeof metadata?.["caption"] === "string" ? metadata["caption"] : "");

/** The name, the caption, the tags and who may see the picture, which can be changed. */
export function Record({ image, onSaved }: { image: ImageInfo; onSaved: () => void }) {
  const [editing, edit] = useState(false);
  useEffect(() => edit(false), [image.id]);
  if (editing) return <Form image={image} onDone={(saved) => { edit(false); if (saved) onSaved(); }} />;
  const caption = captionOf(image);
  return (
    <section class="detail-section">
      <h1 class="detail-name">{image.name ?? text.unnamed()}</h1>
      {caption && <p class="detail-caption">{caption}</p>}
      {image.tags && image.tags.length > 0 && (
        <ul class="detail-tags" aria-label={text.tags()}>
          {image.tags.map((tag) => <li key={tag}><a href={`/?tag=${encodeURIComponent(tag)}`}>#{tag}</a></li>)}
        </ul>
      )}
      {image.visibility && <p class="detail-note">{text.visibility()}: {text[image.visibility]()}</p>}
      {may("write") && <Button icon={pencil} onClick={() => edit(true)}>{text.edit()}</Button>}
    </section>
  );
}

function Form({ image, onDone }: { image: ImageInfo; onDone: (saved: boolean) => void }) {
  const [name, setName] = useState(image.name ?? "");
  const [caption, setCaption] = useState(captionOf(image));
  const [tags, setTags] = useState((image.tags ?? []).join(", "));
  const [visibility, setVisibility] = useState<Visibility>(image.visibility ?? "unlisted");
  const [busy, setBusy] = useState(false);
  const save = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    const { caption: _, ...metadata } = image.metadata ?? {};
    const changes = {
      ...(name.trim() && name !== image.name ? { name: name.trim() } : {}),
      ...(caption !== captionOf(image) ? { metadata: caption.trim() ? { ...metadata, caption: caption.trim() } : metadata } : {}),
      ...(visibility !== image.visibility ? { visibility } : {}),
      tags: tags.split(",").map((tag) => tag.trim().replace(/^#/, "")).filter(Boolean),
    };
    try {
      await changeImage(image.id, changes);
      toast(text.saved());
      onDone(true);
    } catch (error) {
      report(error);
      setBusy(false);
    }
  };
  return (
    <form class="detail-section detail-form" onSubmit={(event) => void save(event)}>
      <h1 class="visually-hidden">{image.name ?? text.unnamed()}</h1>
      <TextField label={text.name()} value={name} autoFocus onInput={(event) => setName(event.currentTarget.value)} />
      <TextArea label={text.caption()} value={caption} onInput={(event) => setCaption(event.currentTarget.value)} />
      <TextField label={text.tags()} hint={text.tagsHint()} value={tags} onInput={(event) => setTags(event.currentTarget.value)} />
      <Select label={text.visibility()} value={visibility} options={visibilities.map((value) => ({ value, label: text[value]() }))} onChoose={setVisibility} />
      <div class="detail-form-actions">
        <Button onClick={() => onDone(false)}>{phrases.cancel()}</Button>
        <Button type="submit" kind="primary" busy={busy}>{phrases.save()}</Button>
      </div>
    </form>
  );
}
