/** How far something is, from 0 to 1; without a value it is under way and nobody knows how far. */
export function Progress({ value, label, kind }: { value?: number; label: string; kind?: "good" | "bad" }) {
  const known = value !== undefined;
  const part = known ? Math.min(1, Math.max(0, value)) : 0;
  return (
    <div class={["progress", kind && `progress-${kind}`, !known && "progress-unknown"].filter(Boolean).join(" ")} role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={known ? Math.round(part * 100) : undefined}>
      <div class="progress-bar" style={known ? { transform: `scaleX(${part})` } : undefined} />
    </div>
  );
}
