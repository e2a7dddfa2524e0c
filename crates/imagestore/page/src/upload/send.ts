import { addToAlbum, changeImage, listSimilar, may, orderCompression, orderProcessing, Problem, processFile, uploadAddress, uploadFile } from "../api";
import type { Item } from "./item";

/** What `POST /v1/upload` takes; of everything else the operation is ordered once it is there. */
const PROCESSED_AT_ONCE = { types: ["image/jpeg", "image/png", "image/webp"], bytes: 10 * 1024 * 1024 };

/** What was stored, and which wishes are still to be carried out. */
interface Stored {
  image: string;
  /** Whether bytes were there before that are the same, where the answer told. */
  isCopy?: boolean;
  left: { tags?: boolean; album?: boolean; then?: boolean; operation?: boolean };
}

/** Sends one file, or has its address fetched, the way that suits it. */
export async function send(item: Item, signal: AbortSignal): Promise<void> {
  const stored = await (typeof item.source === "string" ? fetched(item, item.source, signal) : item.resumable ? resumably(item, item.source, signal) : atOnce(item, item.source, signal));
  item.sent.value = item.bytes;
  item.image.value = stored.image;
  await Promise.all([carryOut(item, stored), findTwin(item, stored)]);
}

async function fetched(item: Item, address: string, signal: AbortSignal): Promise<Stored> {
  item.standing.value = "finishing";
  const image = await uploadAddress(address, item.wishes.fields, signal);
  return { image: image.id, isCopy: image.deduplicated, left: { operation: true } };
}

async function atOnce(item: Item, file: File, signal: AbortSignal): Promise<Stored> {
  const sending = { signal, progress: (sent: number) => progressed(item, sent) };
  const { operation, fields } = item.wishes;
  try {
    if (operation && PROCESSED_AT_ONCE.types.includes(file.type) && file.size <= PROCESSED_AT_ONCE.bytes) {
      const { image_id } = await processFile(file, operation, sending);
      return { image: image_id, left: { tags: true, album: true } };
    }
    const image = await uploadFile(file, { ...fields, name: file.name }, sending);
    return { image: image.id, isCopy: image.deduplicated, left: { operation: true } };
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 0) throw error;
    // The connection broke: from here on the bytes that arrive are kept.
    item.resumable = true;
    item.standing.value = "sending";
    return resumably(item, file, signal);
  }
}

async function resumably(item: Item, file: File, signal: AbortSignal): Promise<Stored> {
  const { sendResumably } = await import("./resumable");
  const { image, continued } = await sendResumably(item, file, signal);
  return { image, left: { tags: continued, then: continued, album: true, operation: true } };
}

/** A form is a little larger than its file. */
function progressed(item: Item, sent: number): void {
  item.sent.value = Math.min(sent, item.bytes);
  if (sent >= item.bytes) item.standing.value = "finishing";
}

/** The image is stored, whatever happens here: what fails is told beside it. */
async function carryOut(item: Item, { image, left }: Stored): Promise<void> {
  const { fields: { tags, album, then, visibility }, operation } = item.wishes;
  try {
    if (left.tags && (tags || visibility)) await changeImage(image, { tags: tags?.split(","), visibility });
    if (left.album && album) await addToAlbum(album, [image]);
    if (left.then && then) await orderCompression({ image_id: image, target: then.split(":")[1] });
    if (left.operation && operation) await orderProcessing(image, operation);
  } catch (error) {
    item.problem.value = error;
  }
}

async function findTwin(item: Item, { image, isCopy }: Stored): Promise<void> {
  if (isCopy === false || !may("read")) return;
  const { images } = await listSimilar(image, 3).catch(() => ({ images: [] }));
  item.twin.value = images.find((other) => other.exact && other.id !== image)?.id;
}
