import type { Format, ImageInfo, OutputFormat } from "./documents";
import { get } from "./http";

/** How what an address asks for comes to be, before anything is made. */
export interface Plan {
  sends: "original" | "made" | "variant";
  address: string;
  etag: string;
  format: Format;
  format_by: "source" | "accept" | "parameter";
  state: "memory" | "stored" | "to-be-made";
  source?: { file: "master" | "original"; not_master?: string | null; format: Format; width: number; height: number } | null;
  decode?: { width: number; height: number; divisor?: number | null; streams: boolean; every_frame: boolean } | null;
  steps?: { step: string; parameters?: string | null; size?: [number, number] | null }[] | null;
  output?: {
    format: OutputFormat;
    width?: number | null;
    height?: number | null;
    animated: boolean;
    quality?: number | null;
    quality_by: "parameter" | "default" | "search" | "lossless";
  } | null;
  memory_bytes?: number | null;
  limits?: { of: string; actual: number; limit: number }[] | null;
}

/** The plan for the parameters of `query`, as they stand in an address; or the `Problem` that making it would meet. */
export async function readPlan(id: string, query: string, signal?: AbortSignal): Promise<Plan | undefined> {
  const path = `/i/${encodeURIComponent(id)}.json?explain=1${query && `&${query}`}`;
  return (await get<ImageInfo & { explain?: Plan | null }>(path, undefined, signal)).explain ?? undefined;
}
