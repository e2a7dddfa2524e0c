import { get } from "./http";
import { Problem } from "./problem";

/** Parameters that the settings of the service give a name, which an address asks for by `transform=NAME`. */
export interface ServicePreset {
  name: string;
  transform: string;
}

/** The presets of the service, by name; none of an older one that does not tell of them. */
export async function listPresets(signal?: AbortSignal): Promise<ServicePreset[]> {
  try {
    return (await get<{ presets: ServicePreset[] }>("/v1/presets", undefined, signal)).presets;
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return [];
    throw error;
  }
}
