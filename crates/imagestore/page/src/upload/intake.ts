/** What of a folder is sent: everything beside pictures, such as thumbnails' databases, is left out. */
const PICTURE = /\.(jpe?g|jpe|jfif|png|apng|gif|webp|avif|heic|heif|tiff?|bmp|ico|qoi|pnm|pbm|pgm|ppm|pam|hdr|exr|jxl|svg)$/i;

/** Files that somebody gave, and how many of the folders were left out because they are no pictures. */
export interface Intake {
  files: File[];
  skipped: number;
}

/** What was chosen with the picker of folders. */
export function chosenFolder(files: FileList): Intake {
  const pictures = [...files].filter((file) => PICTURE.test(file.name));
  return { files: pictures, skipped: files.length - pictures.length };
}

/** What was in the clipboard. Browsers call every picture there the same; the time tells them apart. */
export function pasted(files: readonly File[]): Intake {
  const named = files.map((file) => (file.name === "image.png" ? new File([file], `pasted ${stamp()}.png`, { type: file.type, lastModified: file.lastModified }) : file));
  return { files: named, skipped: 0 };
}

/** What was dropped, with the pictures in its folders. */
export async function collect(entries: readonly (FileSystemEntry | File)[]): Promise<Intake> {
  const intake: Intake = { files: [], skipped: 0 };
  for (const entry of entries) {
    if (entry instanceof File) intake.files.push(entry);
    else if (isFile(entry)) intake.files.push(await fileOf(entry));
    else if (isFolder(entry)) await below(entry, intake);
  }
  return intake;
}

async function below(folder: FileSystemDirectoryEntry, intake: Intake): Promise<void> {
  const reader = folder.createReader();
  // A folder is read a hundred entries at a time.
  for (let entries = await read(reader); entries.length > 0; entries = await read(reader)) {
    for (const entry of entries) {
      if (isFolder(entry)) await below(entry, intake);
      else if (isFile(entry) && PICTURE.test(entry.name)) intake.files.push(await fileOf(entry));
      else intake.skipped += 1;
    }
  }
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;
const fileOf = (entry: FileSystemFileEntry) => new Promise<File>((done, fail) => entry.file(done, fail));
const read = (reader: FileSystemDirectoryReader) => new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));

function stamp(): string {
  return new Date().toISOString().slice(0, 19).replace("T", " ").replaceAll(":", "-");
}
