/**
 * Verdicts in words: what a tier promised, what was measured, and one sentence over the whole run. The verdicts themselves
 * come from the results; this file only says them, and says what is missing where there is too little data.
 */
import type { Results, SlaBlock, TargetResult, TierResult } from "../results/results.ts";
import {
  formatLimitMs,
  formatMsBeside,
  formatObjective,
  formatPercent,
  formatTimes,
  isPrintable,
} from "./format.ts";

export type Verdict = SlaBlock["verdict"];

export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  met: "met",
  missed: "missed",
  "not-enough-data": "not enough data",
};

/** Of several runs or tiers: as good as the worst; none is not enough data. */
export function worstVerdict(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes("missed")) return "missed";
  return verdicts.length === 0 || verdicts.includes("not-enough-data") ? "not-enough-data" : "met";
}

const METRIC_WORDS: Readonly<Record<TargetResult["metric"], string>> = {
  ttft: "TTFT",
  tpot: "TPOT",
  e2e: "E2E",
  queue: "queue",
};

/** "TTFT P99 45.1 ms against 50 ms", or what is wanting. */
export function targetSentence(target: TargetResult): string {
  const name = targetName(target);
  if (target.measuredMs === null)
    return `${name}: no sample against ${formatLimitMs(target.limitMs)}`;
  const measured = formatMsBeside(target.measuredMs, target.limitMs);
  const tail = target.verdict === "not-enough-data" ? ", under 100 samples" : "";
  return `${name} ${measured} against ${formatLimitMs(target.limitMs)}${tail}`;
}

export function targetName(target: Pick<TargetResult, "metric" | "percentile">): string {
  return `${METRIC_WORDS[target.metric]} P${target.percentile}`;
}

/** One sentence on compliance against its objective and the error budget. */
export function complianceSentence(sla: SlaBlock): string {
  const objective = formatObjective(sla.objective);
  if (sla.complianceOwed === null)
    return `No request to hold against the objective of ${objective}.`;
  const share = `${formatPercent(sla.complianceOwed)} of the requests within quota met every target; the objective is ${objective}`;
  return `${share}${budgetClause(sla.errorBudgetBurn)}.`;
}

/** The run in one sentence: which tiers met their targets, which did not, and by how much. */
export function headline(results: Results): string {
  if (results.run.requests === 0) return "No request arrived, so there is nothing to judge.";
  const missed = results.tiers.filter((tier) => tier.sla.verdict === "missed");
  const unknown = results.tiers.filter((tier) => tier.sla.verdict === "not-enough-data");
  const met = results.tiers.length - missed.length - unknown.length;
  const parts = [overall(met, results.tiers.length)];
  for (const tier of missed) parts.push(`${capital(tier.name)} missed: ${missReasons(tier)}.`);
  if (unknown.length > 0) {
    parts.push(`Not enough data to judge ${joinWords(unknown.map((tier) => tier.name))}.`);
  }
  return parts.join(" ");
}

/** "a", "a and b", "a, b and c". */
export function joinWords(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;
}

export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function overall(met: number, all: number): string {
  if (all === 0) return "No tier is defined.";
  if (met === all) return all === 1 ? "The tier met its SLA." : `All ${all} tiers met their SLA.`;
  if (met === 0) return all === 1 ? "The tier did not meet its SLA." : "No tier met its SLA.";
  return `${met} of ${all} tiers met their SLA.`;
}

function missReasons(tier: TierResult): string {
  const missed = tier.sla.targets.filter((target) => target.verdict === "missed");
  if (missed.length > 0) return joinWords(missed.map(targetSentence));
  const share = formatPercent(tier.sla.complianceOwed);
  return `compliance ${share} against an objective of ${formatObjective(tier.sla.objective)}`;
}

function budgetClause(burn: number | null): string {
  if (!isPrintable(burn)) return "";
  if (burn > 1) return `, so the error budget is overspent (${formatTimes(burn)})`;
  return `, which leaves ${formatPercent(1 - burn, 0)} of the error budget`;
}
