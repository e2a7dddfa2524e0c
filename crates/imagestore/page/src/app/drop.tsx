import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import up from "icon:cloud-upload";
import { may } from "../api";
import { Icon, report } from "../parts";
import { match, location, navigate } from "./router";
import { text } from "./text";

const isOver = signal(false);

/** A picture of the page that is dragged within it is no file to upload. */
let isOwn = false;

const holdsFiles = (event: DragEvent) => !isOwn && (event.dataTransfer?.types.includes("Files") ?? false) && may("write");

/** A dialog asks for something else first. */
const isAsked = () => document.querySelector("dialog[open]") !== null;

/** Goes to the uploads, and gives the album that was shown, if it was one: what was dropped on it is meant to be in it. */
function goThere(): string | undefined {
  const { path } = location.peek();
  if (path !== "/ui/upload") navigate("/ui/upload");
  return match("/ui/album/:id", path)?.["id"];
}

async function drop(event: DragEvent): Promise<void> {
  isOver.value = false;
  if (!holdsFiles(event) || isAsked()) return;
  event.preventDefault();
  const transfer = event.dataTransfer!;
  const held = [...transfer.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry() ?? item.getAsFile()).filter((entry) => entry !== null);
  const album = goThere();
  const { collect, take } = await import("../upload/ways-in");
  take(await collect(held), album);
}

async function paste(event: ClipboardEvent): Promise<void> {
  const files = [...(event.clipboardData?.files ?? [])];
  if (files.length === 0 || !may("write") || isAsked()) return;
  event.preventDefault();
  const album = goThere();
  const { pasted, take } = await import("../upload/ways-in");
  take(pasted(files), album);
}

/** Pictures can be dropped and pasted everywhere. */
export function DropTarget() {
  useEffect(() => {
    let depth = 0;
    const listeners = {
      dragstart: () => { isOwn = true; },
      dragend: () => { isOwn = false; },
      dragenter: (event: DragEvent) => { if (holdsFiles(event) && !isAsked()) isOver.value = (depth += 1) > 0; },
      dragleave: (event: DragEvent) => { if (holdsFiles(event)) isOver.value = (depth = Math.max(0, depth - 1)) > 0; },
      dragover: (event: DragEvent) => { if (holdsFiles(event)) event.preventDefault(); },
      drop: (event: DragEvent) => { depth = 0; drop(event).catch(report); },
      paste: (event: ClipboardEvent) => { paste(event).catch(report); },
    };
    for (const [kind, listener] of Object.entries(listeners)) addEventListener(kind, listener as EventListener);
    return () => {
      for (const [kind, listener] of Object.entries(listeners)) removeEventListener(kind, listener as EventListener);
    };
  }, []);
  if (!isOver.value) return null;
  return (
    <div class="drop-target" aria-hidden="true">
      <Icon shapes={up} size={48} />
      <p>{text.dropToUpload()}</p>
    </div>
  );
}
