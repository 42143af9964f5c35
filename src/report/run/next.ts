/** What to do next, after one run: from what it left open, the most pressing first. */
import type { Results } from "../../results/results.ts";
import { formatCount, formatShare } from "../format.ts";
import { joinWords } from "../verdict.ts";
import { evidenceOf } from "./evidence.ts";
import { NEARLY_SATURATED } from "./limits.ts";

/** Steps told; more would be a list that nobody follows. */
const STEPS = 3;

/** Of saturation at the peak: below, a smaller platform may do. Assumed; the share itself is told. */
const ROOMY = 0.6;

/** A pool that stands idle for more than this part of its time could lend. Assumed. */
const IDLE = 0.3;

export function nextWords(results: Results): readonly string[] {
  const steps = [
    ...unjudged(results),
    ...missed(results),
    ...neighbours(results),
    ...thin(results),
    ...size(results),
    ...idle(results),
    ...faults(results),
  ];
  return steps.slice(0, STEPS);
}

function unjudged({ tiers }: Results): readonly string[] {
  const names = tiers
    .filter(({ sla }) => sla.verdict === "not-enough-data")
    .map(({ name }) => name);
  if (names.length === 0) return [];
  return [`Run longer: ${joinWords(names)} had under 100 requests to judge.`];
}

function missed({ tiers, load }: Results): readonly string[] {
  if (load !== undefined || tiers.every(({ sla }) => sla.verdict !== "missed")) return [];
  return [
    "Find what it takes: `tenantry plan` searches the cheapest platform that keeps every promise, and `tenantry compare-policies` says whether another policy would do on the same GPUs.",
  ];
}

function neighbours({ events, load }: Results): readonly string[] {
  const aggressors = events.flatMap(({ kind, aggressor }) =>
    kind === "noisy-neighbour" && aggressor !== null ? [aggressor] : [],
  );
  const names = [...new Set(aggressors)];
  if (names.length === 0 || load !== undefined) return [];
  return [
    `Look at ${joinWords(names.slice(0, STEPS))}, found to be in others' way ${aggressors.length === 1 ? "once" : `${formatCount(aggressors.length)} times`}: \`tenantry interference\` measures what each tenant's presence costs the others.`,
  ];
}

function thin({ tiers, load }: Results): readonly string[] {
  const names = tiers
    .filter((tier) => (evidenceOf(tier)?.shareAtLeast ?? 1) < tier.sla.objective)
    .filter(({ sla }) => sla.verdict === "met")
    .map(({ name }) => name);
  if (names.length === 0 || load !== undefined) return [];
  return [
    `Run it with more seeds before relying on ${joinWords(names)}: \`tenantry plan\` states the confidence with which every promise is kept.`,
  ];
}

function size({ platform, tiers }: Results): readonly string[] {
  const { saturation } = platform;
  if (saturation === null || tiers.some(({ sla }) => sla.verdict !== "met")) return [];
  const { peakShare } = saturation;
  if (peakShare < ROOMY) {
    return [
      `See whether fewer GPUs do: at its peak this platform gave ${formatShare(peakShare)} of what it can. \`tenantry plan\` searches the cheapest that keeps every promise.`,
    ];
  }
  if (peakShare < NEARLY_SATURATED) return [];
  return [
    `Plan more GPUs before traffic grows: the peak already takes ${formatShare(peakShare)} of what these can compute. \`tenantry plan\` says how many, and when.`,
  ];
}

function idle({ pools }: Results): readonly string[] {
  const idlers = pools.filter(
    ({ kind, gpuUsd, idleUsd, lentShare }) =>
      kind === "dedicated" && lentShare === 0 && gpuUsd > 0 && idleUsd / gpuUsd > IDLE,
  );
  const [first] = idlers.toSorted((a, b) => b.idleUsd - a.idleUsd);
  if (first === undefined) return [];
  return [
    `Let pool ${first.name} lend: ${formatShare(first.idleUsd / first.gpuUsd)} of its cost is idle time that nobody else may use (\`lend: true\`).`,
  ];
}

function faults({ events, load, tiers }: Results): readonly string[] {
  if (load !== undefined || events.some(({ kind }) => kind === "replica-down")) return [];
  if (tiers.some(({ sla }) => sla.verdict === "missed")) return [];
  return [
    "Try the loss of a GPU or a machine: none failed in this run (`faults` in the scenario file).",
  ];
}
