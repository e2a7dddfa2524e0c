import type { Uploaded, Visibility } from "./documents";
import { address, ownHeaders, post, get, type Query } from "./http";
import { orderCompression } from "./jobs";
import { Problem } from "./problem";

/** What an upload can say of the image beside its bytes, by the names of the parameters. */
export interface UploadFields {
  name?: string;
  tags?: string;
  visibility?: Visibility;
  album?: string;
  /** `compress`, `compress:GOAL` or names of presets, with commas between them. */
  then?: string;
}

/** What `POST /v1/upload` makes of a picture; `GET /v1/image/{id}` has the result. */
export type Operation =
  | { operation: "resize"; width: number; height: number }
  | { operation: "thumbnail" }
  | { operation: "watermark"; text: string };

/** A resumable upload as a document. */
export interface ResumableUpload {
  id: string;
  state: "open" | "finishing" | "done" | "failed";
  offset: number;
  length: number | null;
  name: string | null;
  image_id: string | null;
  problem: { code: string; detail: string } | null;
}

type Sending = { progress: (sent: number) => void; signal: AbortSignal };

/** Sends a file in one request. */
export const uploadFile = (file: File, fields: UploadFields, sending: Sending) =>
  sendFile<Uploaded>(address("/v1/images", fields as Query), file, sending);

/** Has the service fetch a picture from an address. */
export const uploadAddress = (url: string, fields: UploadFields, signal: AbortSignal) =>
  post<Uploaded>("/v1/images", { url }, { query: fields as Query, signal });

/** Sends a file and orders one operation in the same transaction. */
export function processFile(file: File, operation: Operation, sending: Sending): Promise<{ image_id: string }> {
  const form = new FormData();
  for (const [name, value] of Object.entries(operation)) form.set(name, String(value));
  form.set("file", file);
  return sendFile("/v1/upload", form, sending);
}

/** Orders the same operation of an image that is there, with the result in the same place. */
export const orderProcessing = (id: string, operation: Operation) =>
  orderCompression({ image_id: id, name: "processed", q: 90, formats: "same", transform: transformOf(operation) });

/** Where the result of an operation is. */
export const processedUrl = (id: string) => `/v1/image/${encodeURIComponent(id)}`;

export const readUpload = (path: string, signal?: AbortSignal) => get<ResumableUpload>(path, undefined, signal);

function transformOf(operation: Operation): string {
  switch (operation.operation) {
    case "resize":
      return `w=${operation.width}&h=${operation.height}&fit=fill&enlarge=1`;
    case "thumbnail":
      return "w=150&h=150&fit=cover&enlarge=1";
    case "watermark":
      return `wmtext=${encodeURIComponent(operation.text)}&wmtextpos=southeast`;
  }
}

/** By XMLHttpRequest, because fetch does not tell how far a body is. */
function sendFile<T>(path: string, body: File | FormData, { progress, signal }: Sending): Promise<T> {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.setRequestHeader("Accept", "application/json");
    for (const [name, value] of Object.entries(ownHeaders)) request.setRequestHeader(name, value);
    if (body instanceof File) request.setRequestHeader("Content-Type", body.type || "application/octet-stream");
    request.upload.onprogress = (event) => progress(event.loaded);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) done(JSON.parse(request.responseText) as T);
      else fail(Problem.from(request.status, request.responseText, request.getResponseHeader("X-Request-Id")));
    };
    request.onerror = () => fail(Problem.unreachable());
    request.onabort = () => fail(new DOMException("stopped", "AbortError"));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    if (signal.aborted) return fail(new DOMException("stopped", "AbortError"));
    request.send(body);
  });
}
