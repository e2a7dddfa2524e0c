import { signal } from "@preact/signals";

/** How far the uploads are together, from 0 to 1; nothing while there are none. They go on while other views are shown. */
export const uploading = signal<number | undefined>(undefined);
