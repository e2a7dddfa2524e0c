import { signal, type ReadonlySignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";

/** What was asked of the service, as far as it has answered. */
export interface Fetched<Value> {
  value: ReadonlySignal<Value | undefined>;
  error: ReadonlySignal<unknown>;
  /** Asks again; what is shown stays until the answer is there. */
  reload: () => Promise<void>;
}

/** Asks when it is shown for the first time and whenever one of `inputs` is another one. */
export function useFetched<Value>(ask: (signal: AbortSignal) => Promise<Value>, inputs: readonly unknown[] = []): Fetched<Value> {
  const state = useMemo(() => ({ value: signal<Value | undefined>(undefined), error: signal<unknown>(undefined), stop: new AbortController() }), inputs);
  const reload = async () => {
    try {
      state.value.value = await ask(state.stop.signal);
      state.error.value = undefined;
    } catch (error) {
      if (!state.stop.signal.aborted) state.error.value = error;
    }
  };
  useEffect(() => {
    void reload();
    return () => state.stop.abort();
  }, [state]);
  return { value: state.value, error: state.error, reload };
}
