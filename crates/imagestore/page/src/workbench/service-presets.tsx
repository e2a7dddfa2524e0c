import { listPresets } from "../api";
import { ErrorNote } from "../parts";
import { useFetched } from "../parts/fetched";
import type { Bench } from "./bench";
import { PresetChoice } from "./preset-choice";
import { text } from "./text";

/** Presets of the settings of the service: taken up by their names, so that the address follows when the settings change. */
export function ServicePresets({ bench }: { bench: Bench }) {
  const fetched = useFetched(listPresets);
  const error = fetched.error.value;
  if (error !== undefined) return <ErrorNote error={error} />;
  const presets = fetched.value.value ?? [];
  if (presets.length === 0) return null;
  return (
    <section class="wb-presets" aria-labelledby="wb-service-presets-title">
      <h2 id="wb-service-presets-title">{text.servicePresets()}</h2>
      <p class="wb-note">{text.servicePresetsHint()}</p>
      <ul>
        {presets.map(({ name, transform }) => (
          <li key={name} class="wb-preset">
            <PresetChoice name={name} transform={transform} onChoose={() => bench.replace({ transform: name })} />
          </li>
        ))}
      </ul>
    </section>
  );
}
