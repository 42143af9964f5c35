/** How a sweep is put into words: which variants keep every promise, which of them is cheapest, and what to know before trusting it. */
import { formatCount, formatNumber, formatUsd, listed } from "../format.ts";
import { valueText } from "../compare/words.ts";
import type { Unit } from "../../results/measures.ts";
import { hourly, keepers, nearest } from "./ranking.ts";
import type { Estimate, Sweep, SweepRow } from "./sweep.ts";
import { hasChoice, type TrafficLevel, trafficLevels } from "./traffic.ts";

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
  const levels = trafficLevels(sweep);
  if (levels.length > 1) {
    return `${count} every promise; what is sent differs with ${listed(sweep.trafficDimensions)}, so there is no one cheapest.`;
  }
  const cost = costText(best);
  const rivals = kept.filter((row) => hourly(row) === hourly(best));
  if (kept.length > 1 && rivals.length === kept.length)
    return `${count} every promise, and cost the same (${cost}).`;
  return `${count} every promise; the cheapest is ${pointText(sweep, best.point)} at ${cost}${rivals.length > 1 ? ` (${formatCount(rivals.length - 1)} more cost the same)` : ""}.`;
}

/** Levels of traffic named in a sentence. */
const NAMED_LEVELS = 4;

/** Under different traffic nothing is cheapest but for each traffic by itself. */
export function cheapestWords(sweep: Sweep, levels: readonly TrafficLevel[]): string {
  if (!hasChoice(levels))
    return "Each variant sees traffic of its own, so their costs do not compare.";
  const named = levels.slice(0, NAMED_LEVELS).map(({ text, kept: [cheapest] }) => {
    const answer =
      cheapest === undefined ? "none" : `${choiceText(sweep, cheapest)} at ${costText(cheapest)}`;
    return `for ${text}, ${answer}`;
  });
  const more = levels.length - named.length;
  return `The cheapest ${named.join("; ")}${more > 0 ? `; ${formatCount(more)} more in the table under “Cost”` : ""}.`;
}

/** What can be chosen of a variant: all that is varied but the traffic. */
export function choiceText({ dimensions, trafficDimensions }: Sweep, { point }: SweepRow): string {
  const chosen = dimensions.flatMap(({ name }, at) =>
    trafficDimensions.includes(name) ? [] : [`${name} = ${point[at]!}`],
  );
  return chosen.length === 0 ? "the platform as it is" : chosen.join(", ");
}

/** Sentences, the most important first. */
export function sweepNotes(sweep: Sweep): readonly string[] {
  const { seeds, isSampled, dependentClients, variants, dimensions } = sweep;
  const asked = sweep.asked.sample ?? variants.length;
  const equal =
    variants.length < asked
      ? ` Variants that came out equal are told once: of ${formatCount(asked)}, ${formatCount(variants.length)} are left.`
      : "";
  return [
    chanceWords(sweep, seeds.length),
    ...(isSampled
      ? [
          `A Latin hypercube: each of the ${formatCount(dimensions.length)} dimensions is cut into as many equal parts as variants were asked for, and each part is used once.${equal}`,
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

/** What is chance, and what of it the variants share. */
export function chanceWords({ trafficDimensions }: Sweep, runs: number): string {
  const names = listed(trafficDimensions);
  const isSame = trafficDimensions.length === 0;
  if (runs === 1) {
    const arrivals = isSame
      ? "every variant sees the same arrivals"
      : `variants that differ only in what is not sent see the same arrivals, while ${names} ${trafficDimensions.length === 1 ? "changes" : "change"} them`;
    return `One run each, with the same seed: ${arrivals}. How much of a difference is chance, one seed does not say; add --replications.`;
  }
  const means = `Means over ${runs} replications with the same seeds for every variant; ± is the 95 % interval of the mean (Student's t). Verdicts are those of the worst replication.`;
  return isSame
    ? `${means} Because arrivals are the same, differences between variants vary less than these intervals say: compare tells them pair by pair.`
    : `${means} Arrivals are the same only among variants that do not differ in ${names}.`;
}

export function costText(row: SweepRow): string {
  return `${formatUsd(hourly(row))} per hour`;
}
