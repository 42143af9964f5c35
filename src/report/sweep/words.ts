/** How a sweep is put into words: which variants keep every promise, which of them is cheapest, and what to know before trusting it. */
import { formatCount, formatNumber, formatUsd } from "../format.ts";
import { valueText } from "../compare/words.ts";
import type { Unit } from "../../results/measures.ts";
import type { Estimate, Sweep, SweepRow } from "./sweep.ts";

/** "shared.gpus = 16, gold.weight = 40". */
export function pointText({ dimensions }: Sweep, point: readonly string[]): string {
  return dimensions.map(({ name }, at) => `${name} = ${point[at] ?? ""}`).join(", ");
}

/** "45.1 ms", with "± 0.8 ms" where there are replications. */
export function estimateText({ mean, interval }: Estimate, unit: Unit): string {
  const text = valueText(mean, unit);
  if (interval === null) return text;
  const half = (interval.high - interval.low) / 2;
  return `${text} ± ${unit === "share" ? `${formatNumber(half * 100)} pp` : valueText(half, unit)}`;
}

/** Tiers that missed, or "met", or what is wanting. */
export function verdictText({ verdict, tiers }: SweepRow): string {
  if (verdict === "met") return "met";
  const named = tiers.filter((tier) => tier.verdict === verdict).map(({ name }) => name);
  return verdict === "missed" ? `missed: ${named.join(", ")}` : `no data: ${named.join(", ")}`;
}

/** Those that keep every promise, the cheapest first; among equals in the order of the sweep. */
export function keepers({ variants }: Sweep): readonly SweepRow[] {
  return variants
    .filter(({ verdict }) => verdict === "met")
    .toSorted((a, b) => hourly(a) - hourly(b));
}

/** Fewest tiers missed first, then by the tier that is furthest from its objective. */
export function nearest({ variants }: Sweep): SweepRow | undefined {
  return variants.toSorted((a, b) => missed(a) - missed(b) || shortfall(a) - shortfall(b))[0];
}

function missed({ tiers }: SweepRow): number {
  return tiers.filter(({ verdict }) => verdict === "missed").length;
}

function shortfall({ tiers }: SweepRow): number {
  return Math.max(
    ...tiers.map(({ objective, figures }) => objective - (figures["compliance-owed"]?.mean ?? 0)),
  );
}

export function sweepHeadline(sweep: Sweep): string {
  const { variants } = sweep;
  const kept = keepers(sweep);
  const [best] = kept;
  const all =
    variants.length === 1 ? "The one variant" : `${formatCount(variants.length)} variants`;
  if (best === undefined) {
    const near = nearest(sweep);
    const words =
      near === undefined ? "" : ` Nearest: ${pointText(sweep, near.point)} (${verdictText(near)}).`;
    return `None of ${variants.length === 1 ? "one variant" : all} keeps every promise.${words}`;
  }
  const count =
    kept.length === variants.length
      ? `All ${all} keep`
      : `${formatCount(kept.length)} of ${all} ${kept.length === 1 ? "keeps" : "keep"}`;
  const cost = costText(best);
  const rivals = kept.filter((row) => hourly(row) === hourly(best));
  if (kept.length > 1 && rivals.length === kept.length)
    return `${count} every promise, and cost the same (${cost}).`;
  return `${count} every promise; the cheapest is ${pointText(sweep, best.point)} at ${cost}${rivals.length > 1 ? ` (${formatCount(rivals.length - 1)} more cost the same)` : ""}.`;
}

/** Sentences, the most important first. */
export function sweepNotes(sweep: Sweep): readonly string[] {
  const { seeds, isSampled, dependentClients, variants, dimensions } = sweep;
  return [
    seeds.length === 1
      ? "One run each, with the same seed: every variant sees the same arrivals. How much of a difference is chance, one seed does not say; add --replications."
      : `Means over ${seeds.length} replications with the same seeds for every variant; ± is the 95 % interval of the mean (Student's t). Verdicts are those of the worst replication. Because arrivals are the same, differences between variants vary less than these intervals say: compare tells them pair by pair.`,
    ...(isSampled
      ? [
          `A Latin hypercube: each of the ${formatCount(dimensions.length)} dimensions is cut into as many equal parts as variants were asked for, and each part is used once. Variants that came out equal are told once: ${formatCount(variants.length)} are left.`,
        ]
      : []),
    ...(dependentClients.length === 0
      ? []
      : [
          `Not the same for all: ${dependentClients.join(", ")} wait for answers or try again, so what they send depends on how they are served.`,
        ]),
    "A promise is kept where every tier's verdict is “met” in every replication. Cost is that of the GPUs while they run, by the scenario's prices.",
  ];
}

export function hourly({ platform }: SweepRow): number {
  return platform["usd-per-hour"]?.mean ?? 0;
}

function costText(row: SweepRow): string {
  return `${formatUsd(hourly(row))} per hour`;
}
