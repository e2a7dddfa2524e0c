import type { ComponentChildren } from "preact";
import type { Plan } from "../api";
import { format, formatName } from "../text";
import type { Bench } from "./bench";
import { limitName, stepName } from "./plan-names";
import { text } from "./text";

/** How the service makes the picture: its own plan, in the order in which it is carried out. */
export function PlanOf({ bench }: { bench: Bench }) {
  const plan = bench.shown.value?.plan;
  if (!plan) return null;
  return (
    <details class="wb-plan">
      <summary>{text.plan()}</summary>
      {plan.sends === "made" ? (
        <Made plan={plan} />
      ) : (
        <p class="wb-note">{plan.sends === "variant" ? text.planVariant() : text.planAsIs()}</p>
      )}
    </details>
  );
}

const sized = (size: { width: number; height: number }) => ({ width: String(size.width), height: String(size.height) });

function Made({ plan: { source, decode, steps, output, memory_bytes, limits, etag } }: { plan: Plan }) {
  return (
    <dl class="wb-plan-facts">
      {source && (
        <Entry name={text.planSource()}>
          {(source.file === "master" ? text.planMaster : text.planOriginal)({ format: formatName(source.format), ...sized(source) })}
        </Entry>
      )}
      {decode && <Entry name={text.planDecode()}>{(decode.streams ? text.planStreams : text.planSize)(sized(decode))}</Entry>}
      <Entry name={text.planSteps()}>
        {steps && steps.length > 0 ? (
          <ol class="wb-steps">
            {steps.map((step) => (
              <li key={step.step}>
                {stepName(step.step)} {step.parameters && <code>{step.parameters}</code>}{" "}
                {step.size && <small>{step.size.join(" × ")}</small>}
              </li>
            ))}
          </ol>
        ) : (
          text.planNoSteps()
        )}
      </Entry>
      {output && <Entry name={text.planOutput()}>{result(output)}</Entry>}
      {memory_bytes != null && <Entry name={text.planMemory()}>{format.bytes(memory_bytes)}</Entry>}
      {limits && limits.length > 0 && (
        <Entry name={text.planLimits()}>
          <ul class="wb-steps">
            {limits.map(({ of, actual, limit }) => (
              <li key={of}>
                {limitName(of)}: {text.planLimit({ actual, limit })}
              </li>
            ))}
          </ul>
        </Entry>
      )}
      <Entry name={text.planEtag()}>
        <code>{etag.replaceAll('"', "").slice(0, 16)}…</code>
      </Entry>
    </dl>
  );
}

function result(output: NonNullable<Plan["output"]>): string {
  const quality =
    output.quality_by === "search"
      ? text.planSearch()
      : output.quality_by === "lossless"
        ? text.planLossless()
        : output.quality != null
          ? text.planQuality({ quality: output.quality })
          : "";
  const size = output.width && output.height ? text.planSize(sized({ width: output.width, height: output.height })) : "";
  return [formatName(output.format), size, quality].filter(Boolean).join(", ");
}

function Entry({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
