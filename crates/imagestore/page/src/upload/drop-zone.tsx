import type { TargetedEvent } from "preact";
import { useRef, useState } from "preact/hooks";
import download from "icon:download";
import folder from "icon:folder-plus";
import files from "icon:image-plus";
import up from "icon:cloud-upload";
import { Button, Icon, TextField } from "../parts";
import { chosenFolder } from "./intake";
import { take } from "./take";
import { text } from "./text";

/** The ways in that are not everywhere on the page: the pickers, and addresses. */
export function DropZone() {
  const filePicker = useRef<HTMLInputElement>(null);
  const folderPicker = useRef<HTMLInputElement>(null);

  const chosen = (event: TargetedEvent<HTMLInputElement>, isFolder: boolean) => {
    const input = event.currentTarget;
    const list = input.files ?? new DataTransfer().files;
    take(isFolder ? chosenFolder(list) : { files: [...list], skipped: 0 });
    // The same file can be chosen again.
    input.value = "";
  };

  return (
    <section class="upload-zone" aria-label={text.dropHere()}>
      <Icon shapes={up} size={40} />
      <p class="upload-zone-title">{text.dropHere()}</p>
      <p class="upload-zone-hint">{text.dropHint()}</p>
      <div class="upload-zone-buttons">
        <Button kind="primary" icon={files} onClick={() => filePicker.current!.click()}>{text.chooseFiles()}</Button>
        <Button icon={folder} onClick={() => folderPicker.current!.click()}>{text.chooseFolder()}</Button>
      </div>
      <input ref={filePicker} type="file" multiple hidden aria-label={text.chooseFiles()} onChange={(event) => chosen(event, false)} />
      <input ref={(input) => { folderPicker.current = input; input?.setAttribute("webkitdirectory", ""); }} type="file" multiple hidden aria-label={text.chooseFolder()} onChange={(event) => chosen(event, true)} />
      <Addresses />
    </section>
  );
}

function Addresses() {
  const [typed, type] = useState("");
  const [isWrong, setWrong] = useState(false);

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const addresses = typed.split(/\s+/).filter(Boolean);
    const right = addresses.length > 0 && addresses.every((address) => /^https?:\/\/[^/]/i.test(address) && URL.canParse(address));
    setWrong(!right);
    if (right && take({ files: [], addresses, skipped: 0 })) type("");
  };

  return (
    <form class="upload-addresses" noValidate onSubmit={submit}>
      <TextField type="text" inputMode="url" label={text.address()} hint={text.addressHint()} error={isWrong ? text.addressWrong() : undefined} autoComplete="off" spellcheck={false} placeholder="https://" value={typed} onInput={(event) => { type(event.currentTarget.value); setWrong(false); }} />
      <Button type="submit" icon={download}>{text.fetch()}</Button>
    </form>
  );
}
