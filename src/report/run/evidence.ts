/**
 * How much one run proves. It is one draw of chance: it tells what happened, and of how often that would happen only what the
 * number of its requests can bear, at best.
 */
import { shareAtLeast } from "../../base/beta.ts";
import type { Results, TierResult } from "../../results/results.ts";
import { formatCount, formatObjective, formatPercent } from "../format.ts";
import { joinWords } from "../verdict.ts";

/** At which the evidence is stated. */
const CONFIDENCE = 0.95;

interface Evidence {
  readonly tier: TierResult;
  /** Requests that the verdict is about. */
  readonly judged: number;
  readonly missed: number;
  /** Exact lower limit on the share that is kept, if requests missed independently of each other. */
  readonly shareAtLeast: number;
}

/** Undefined where no request was judged. */
export function evidenceOf(tier: TierResult): Evidence | undefined {
  const { compliance, complianceOwed: owed } = tier.sla;
  const completed = tier.latency.ttftMs.count;
  if (compliance === null || owed === null || owed === 0 || completed === 0) return undefined;
  const kept = Math.round(compliance * completed);
  const judged = Math.max(kept, Math.round(kept / owed));
  return {
    tier,
    judged,
    missed: judged - kept,
    shareAtLeast: shareAtLeast(kept, judged, CONFIDENCE),
  };
}

/** What the run's numbers can bear of its promises, and what they cannot. */
export function evidenceWords({ tiers, load }: Results): readonly string[] {
  const known = tiers.flatMap((tier) => evidenceOf(tier) ?? []);
  if (known.length === 0) return [];
  const kept = known.filter(({ tier }) => tier.sla.verdict === "met");
  const thin = kept.filter((one) => one.shareAtLeast < one.tier.sla.objective);
  const draw =
    load === undefined
      ? "This is one run with one seed: it shows what happened once, not how often it would."
      : "This is one measurement: it shows what happened once, not how often it would.";
  if (kept.length === 0) return [draw];
  const bears =
    thin.length === 0
      ? `Its requests are many enough: even at ${formatPercent(CONFIDENCE, 0)} confidence they bear out ${objectives(kept)}, if they miss independently of each other; since misses come in bursts, that is the most that can be said.`
      : `${thin.map(thinWords).join(" ")} Misses come in bursts, so the truth may be less; more seeds would tell.`;
  return [draw, bears];
}

function objectives(kept: readonly Evidence[]): string {
  const words = kept.map(({ tier }) => `${tier.name}'s ${formatObjective(tier.sla.objective)}`);
  return joinWords(words);
}

function thinWords({ tier, judged, missed, shareAtLeast: least }: Evidence): string {
  const misses = missed === 0 ? "none of which missed" : `${formatCount(missed)} of which missed`;
  return `${formatCount(judged)} requests of ${tier.name}, ${misses}, show at ${formatPercent(CONFIDENCE, 0)} confidence at best ${formatPercent(least)}, which is short of its objective of ${formatObjective(tier.sla.objective)}.`;
}
