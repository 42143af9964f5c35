/**
 * Findings in words: where the money went, how right the bills are, how fair the service was and what happened. A figure
 * alone does not tell a reader whether it is good; these sentences say what it means.
 */
import type { FairnessBlock, PlatformEvent, Results } from "../results/results.ts";
import { formatCount, formatNumber, formatShare, formatUsd } from "./format.ts";

const SCALING_KINDS: ReadonlySet<PlatformEvent["kind"]> = new Set([
  "scale-out",
  "scale-in",
  "replica-released",
  "replica-up",
]);

/** Smaller shares of the GPU cost are not worth a clause. */
const LEAST_REMAINDER = 0.001;

/** Where the GPU money went: charged to requests, idle, or spent on work that nobody is billed for. */
export function idleWords({ platform }: Results): string {
  const { gpuUsd, chargedGpuUsd, idleUsd, downUsd, bootUsd, recomputedUsd } = platform;
  if (gpuUsd === null || chargedGpuUsd === null || idleUsd === null) {
    return "Bills are tokens times the scenario's prices: a client cannot see GPU time.";
  }
  if (gpuUsd === 0) return "No GPU time was provisioned.";
  const part = (usd: number): string => `${formatUsd(usd)} (${formatShare(usd / gpuUsd)})`;
  const known = `Of ${formatUsd(gpuUsd)} of GPU time, ${part(chargedGpuUsd)} was charged to requests and ${part(idleUsd)} was idle`;
  const isWorthSaying = (usd: number | null): usd is number =>
    usd !== null && usd / gpuUsd >= LEAST_REMAINDER;
  const down = isWorthSaying(downUsd) ? `; replicas were down for ${part(downUsd)}` : "";
  const boot = isWorthSaying(bootUsd) ? `; replicas booted for ${part(bootUsd)}` : "";
  const twice = isWorthSaying(recomputedUsd)
    ? `; ${part(recomputedUsd)} went into work that nobody is billed for, such as prompts computed again after a preemption`
    : "";
  return `${known}${down}${boot}${twice}.`;
}

/** What each autoscaled pool ran, and what that saved; nothing where none scales. */
export function scalingWords({ pools }: Results): readonly string[] {
  return pools.flatMap(({ name, scaling }) => {
    if (scaling === null) return [];
    const { min, max, meanReplicas, scaleOuts, scaleIns, savedUsd, savedGpuHours } = scaling;
    const ran = `Pool ${name} ran ${formatNumber(meanReplicas, 3)} replicas on average, between ${min} and ${max}: it took on ${plural(scaleOuts, "replica")} and gave back ${formatCount(scaleIns)}`;
    return `${ran}. Against ${formatCount(max)} all the time, that saved ${formatUsd(savedUsd)} (${formatNumber(savedGpuHours, 3)} GPU hours); whether the promises were kept with so few is in the verdicts.`;
  });
}

/** Which pools ran on extrapolated times, and for how long; nothing where all were measured. */
export function extrapolationWords({ pools }: Results): readonly string[] {
  return pools.flatMap(({ name, extrapolatedShare: share }) =>
    share === null || share < LEAST_REMAINDER
      ? []
      : [
          `Pool ${name} spent ${formatShare(share)} of its busy time in steps larger than any that its profile was made of: those times are extrapolated.`,
        ],
  );
}

/** How much of the money reached the right tenant, and how much would have by the 1/batch rule. */
export function attributionWords({ attribution }: Results): string {
  const { accuracy, accuracyByBatchShare, auditedRequests } = attribution;
  if (accuracy === null) {
    return "The bills were not audited in this run: there were no hidden step times to hold them against.";
  }
  const audit = `The bills were held against hidden step times (noise ${formatShare(attribution.stepNoise)} per step, coefficients off by up to ${formatShare(attribution.coefficientError)}) over ${formatCount(auditedRequests)} requests: of every $100 of GPU time, ${formatUsd((1 - accuracy) * 100)} was billed to the wrong tenant.`;
  if (accuracyByBatchShare === null) return audit;
  return `${audit} Dividing each step by its batch size would have misplaced ${formatUsd((1 - accuracyByBatchShare) * 100)}.`;
}

/** What Jain's index and the service gap say. */
export function fairnessWords({ fairness }: Results): readonly string[] {
  return [jainWords(fairness.jainIndex), gapWords(fairness)];
}

export function eventWords({ events }: Results): string {
  const telling = events.filter(({ kind }) => !SCALING_KINDS.has(kind));
  if (telling.length === 0) {
    return "No noisy neighbour was found, and no replica failed or slowed down.";
  }
  const noisy = events.filter((event) => event.kind === "noisy-neighbour").length;
  const faults = events.filter(
    (event) => event.kind === "replica-down" || event.kind === "replica-slow",
  ).length;
  const held = events.filter((event) => event.kind === "mitigation-tightened").length;
  const steps = held === 0 ? "" : ` (held back in ${plural(held, "step")})`;
  return `${plural(noisy, "noisy neighbour")}${steps} and ${plural(faults, "replica fault")}. The charts over time mark them at the top.`;
}

function jainWords(index: number | null): string {
  if (index === null) {
    return "There is no Jain's index: no two tenants of a pool were backlogged side by side for long enough to compare their service.";
  }
  return `Jain's index of service per weight is ${formatNumber(index, 4)}: 1 means that every tenant with work waiting was served in proportion to its weight.`;
}

function gapWords({
  maxWeightedServiceGap: gap,
  serviceGapBound: bound,
  pair,
}: FairnessBlock): string {
  if (gap === null || pair === null) {
    return "No two tenants of a pool were backlogged without a break, so there is no service gap to measure.";
  }
  const between = `Between ${pair[0]} and ${pair[1]}, both backlogged without a break, weighted service differed by at most ${formatNumber(gap, 4)}`;
  if (bound === null) return `${between}.`;
  const judged = gap <= bound ? "within" : "beyond";
  const meaning =
    gap <= bound
      ? "neither could run ahead of the other without limit"
      : "the scheduler let one run ahead of the other";
  return `${between}, ${judged} the bound of ${formatNumber(bound, 4)}: ${meaning}.`;
}

function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}
