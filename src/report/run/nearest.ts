/**
 * Which promise of a run was nearest to being broken, or broken furthest, and when that was at its worst. Latencies and error
 * budgets are made comparable as pressure: what was used of what is allowed, 1 being all of it.
 */
import type { Results, TargetResult, TierResult } from "../../results/results.ts";
import { formatDuration, formatMs, formatPercent, formatShare, formatTimes } from "../format.ts";
import { capital, targetSentence } from "../verdict.ts";

export interface Nearest {
  readonly tier: TierResult;
  /** Undefined: the share of requests that must meet every target. */
  readonly target: TargetResult | undefined;
  readonly pressure: number;
}

/** Undefined where nothing was measured. */
export function nearestPromise({ tiers }: Results): Nearest | undefined {
  const all = tiers.flatMap((tier): readonly Nearest[] => {
    const { targets, errorBudgetBurn: burn } = tier.sla;
    const latencies = targets.flatMap((target) =>
      target.measuredMs === null
        ? []
        : [{ tier, target, pressure: target.measuredMs / target.limitMs }],
    );
    return burn === null ? latencies : [...latencies, { tier, target: undefined, pressure: burn }];
  });
  return all.toSorted((a, b) => b.pressure - a.pressure)[0];
}

/** "Nearest to breaking is gold's: TTFT P99 45 ms against 50 ms, 10.0 % of it to spare." */
export function nearestWords(results: Results, { tier, target, pressure }: Nearest): string {
  const name = capital(tier.name);
  if (target === undefined) {
    const share = formatPercent(tier.sla.complianceOwed);
    return pressure > 1
      ? `${name} is furthest from its promise: ${share} of its requests met every target, which spends its error budget ${formatTimes(pressure)}.`
      : `Nearest to breaking is ${tier.name}'s error budget: ${share} of its requests met every target, which spends ${formatShare(pressure)} of it.`;
  }
  const sentence = targetSentence(target);
  const margin =
    pressure > 1
      ? `${name} is furthest from its promise: ${sentence}, ${formatTimes(pressure)} what it may be.`
      : `Nearest to breaking is ${tier.name}: ${sentence}, with ${formatShare(1 - pressure)} to spare.`;
  const worst = target.metric === "ttft" ? worstSlice(results, tier) : undefined;
  if (worst === undefined) return margin;
  return `${margin} Its worst moment was ${formatDuration(worst.atS)} into the run, when ${worst.tenant} had a P99 of ${formatMs(worst.ms)} over ${formatDuration(results.timeline.sliceSeconds)}.`;
}

interface Worst {
  readonly atS: number;
  readonly tenant: string;
  readonly ms: number;
}

/** Of the tier's tenants, the slice with the highest P99 of the time to first token, the warm-up left out. */
function worstSlice({ timeline, tenants, run }: Results, tier: TierResult): Worst | undefined {
  const names = new Set(tenants.filter((one) => one.tier === tier.name).map(({ name }) => name));
  let worst: Worst | undefined;
  for (const { name, ttftMsP99 } of timeline.tenants) {
    if (!names.has(name)) continue;
    for (const [slice, ms] of ttftMsP99.entries()) {
      const atS = timeline.startS[slice] ?? 0;
      if (ms === null || atS < run.warmupSeconds) continue;
      if (worst === undefined || ms > worst.ms) worst = { atS, tenant: name, ms };
    }
  }
  return worst;
}
