/** What a reader who stops after one page should know of a run, matter by matter. */
import type { Results } from "../../results/results.ts";
import type { Conclusion } from "../document.ts";
import { formatCount, formatDuration, formatNumber } from "../format.ts";
import { joinWords } from "../verdict.ts";
import { costWords } from "./costs.ts";
import { evidenceWords } from "./evidence.ts";
import { intervalWords } from "./intervals.ts";
import { growthWords, limitWords } from "./limits.ts";
import { nearestPromise, nearestWords } from "./nearest.ts";
import { nextWords } from "./next.ts";

/** The conclusions, without those that the run has nothing to say about. */
export function runConclusions(results: Results): readonly Conclusion[] {
  const nearest = nearestPromise(results);
  const all: readonly Conclusion[] = [
    { topic: "What was asked", sentences: [askedWords(results)] },
    {
      topic: "Promises",
      sentences: [
        ...(nearest === undefined ? [] : [nearestWords(results, nearest)]),
        ...evidenceWords(results),
        ...intervalWords(results),
      ],
    },
    { topic: "Cost", sentences: costWords(results) },
    { topic: "What binds", sentences: limitWords(results) },
    { topic: "When it runs out", sentences: growthWords(results) },
    { topic: "What to do next", sentences: nextWords(results) },
  ];
  return all.filter(({ sentences }) => sentences.length > 0);
}

function askedWords({ run, tenants, tiers, platform, pools, policy, load }: Results): string {
  const span = formatDuration(run.simulatedSeconds);
  const traffic = `${formatCount(platform.counts.arrived)} requests of ${formatCount(tenants.length)} ${tenants.length === 1 ? "tenant" : "tenants"} in ${formatCount(tiers.length)} ${tiers.length === 1 ? "tier" : "tiers"}`;
  if (load !== undefined) return `Measured for ${span}: ${traffic}, sent to ${load.url}.`;
  return `Simulated for ${span}: ${traffic}, under ${policy}, on ${gpuWords(pools)}.`;
}

/** "21 × h100-sxm in 4 pools": by kind, on average where a pool scales. */
function gpuWords(pools: Results["pools"]): string {
  const counts = new Map<string, number>();
  for (const { gpu, replicas, gpusPerReplica, scaling } of pools) {
    const gpus = (scaling?.meanReplicas ?? replicas) * gpusPerReplica;
    counts.set(gpu, (counts.get(gpu) ?? 0) + gpus);
  }
  const kinds = [...counts].map(([gpu, count]) => `${countWords(count)} × ${gpu}`);
  const mean = pools.some(({ scaling }) => scaling !== null) ? " on average" : "";
  const where = pools.length === 1 ? "one pool" : `${formatCount(pools.length)} pools`;
  return `${joinWords(kinds)}${mean} in ${where}`;
}

function countWords(count: number): string {
  return Number.isInteger(count) ? formatCount(count) : formatNumber(count);
}
