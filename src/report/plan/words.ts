/** A plan in sentences: what it comes to, how sure that is, what limits it, and how long it lasts. */
import { unreachable } from "../../base/assert.ts";
import type {
  PlanConfirmation,
  PlannedPlatform,
  PlanPromise,
  PlanResult,
  PlanRunway,
  PromiseReading,
} from "../../results/plan.ts";
import { counted, percentOf, promiseLimit, promiseName } from "../../results/plan-words.ts";
import {
  formatCount,
  formatMs,
  formatNumber,
  formatPercent,
  formatShare,
  formatTimes,
  formatUsd,
  MISSING,
} from "../format.ts";

/** The plan's last line. `seconds` is what the wall clock says; the result itself knows no clock. */
export function planLine(plan: PlanResult, seconds: number): string {
  const { answer, confirmation, impossible, work } = plan;
  const effort = `${formatCount(work.simulations)} simulations in ${Math.ceil(seconds)} s`;
  if (answer === null) return `plan: impossible: ${impossible?.reason ?? "no answer"}, ${effort}`;
  const supported = Math.floor((confirmation?.confidence ?? 0) * 1000) / 1000;
  const kept =
    plan.outcome === "confirmed"
      ? `meets every SLA at ${percentOf(plan.ask.confidence)} % confidence`
      : supported > 0
        ? `meets every SLA at ${percentOf(supported)} % confidence`
        : "is not confirmed to meet every SLA";
  return `plan: ${counted(answer.gpus, "GPU")}, ${hourly(answer.usdPerHour)}, ${kept}, ${effort}`;
}

/** The answer in a sentence or two. */
export function planHeadline(plan: PlanResult): string {
  const { answer, impossible, outcome, ask } = plan;
  if (answer === null) return `There is no such platform: ${impossible?.reason ?? "no answer"}.`;
  const platform = `${counted(answer.gpus, "GPU")} at ${hourly(answer.usdPerHour)}`;
  return outcome === "confirmed"
    ? `${platform} keep every promise at ${percentOf(ask.confidence)} % confidence, for ${againstOwn(plan, answer)}.`
    : `${platform} are the cheapest found, but not confirmed at ${percentOf(ask.confidence)} % confidence, for ${againstOwn(plan, answer)}.`;
}

/** "$28.00/h (33.3 %) less than the scenario's own 21 GPUs". */
function againstOwn({ own }: PlanResult, { usdPerHour }: PlannedPlatform): string {
  const change = usdPerHour - own.usdPerHour;
  const before = `the scenario's own ${counted(own.gpus, "GPU")}`;
  if (change === 0) return `as much as ${before}`;
  const share =
    own.usdPerHour === 0 ? "" : ` (${formatPercent(Math.abs(change) / own.usdPerHour, 0)})`;
  return `${hourly(Math.abs(change))}${share} ${change < 0 ? "less" : "more"} than ${before}`;
}

/** What was found out about how sure the answer is. */
export function confirmationWords(confirmation: PlanConfirmation, confidence: number): string {
  const { claim, rule, seeds, runsMissed, keptShareAtLeast } = confirmation;
  const percent = percentOf(confidence);
  const runs = counted(seeds.length, "fresh run");
  const of =
    runsMissed === 0 ? `${runs} kept every promise` : `${runsMissed} of ${runs} broke a promise`;
  const share = `Whatever runs are like, at least ${formatShare(keptShareAtLeast)} of them keep every promise, at ${percent} % (Clopper and Pearson)`;
  const claimed =
    claim === "share"
      ? `it keeps every promise in at least ${percent} % of runs, at ${percent} % over all platforms tested`
      : `one more run keeps every promise at ${percent} % (more runs than the budget allows would say so of their share)`;
  switch (rule) {
    case "margin":
      return `${of}, by so much that ${claimed}. ${share}.`;
    case "count":
      return `${of}, which is enough to say that ${claimed}. ${share}.`;
    case "none":
      return confirmation.confidence > 0
        ? `Not confirmed at ${percent} %: ${of}, which supports ${formatShare(confirmation.confidence)}. ${share}.`
        : `Not confirmed: ${of}.`;
    default:
      return unreachable(rule);
  }
}

export function runwayWords(runway: PlanRunway, all: readonly PlanPromise[]): string {
  const { breaksAt, heldAt, firstBroken, monthlyGrowth, months } = runway;
  if (heldAt === 0) return "On the search's seeds the platform has no room for growth at all.";
  const holds = `It holds traffic x ${formatNumber(heldAt)}`;
  const breaks =
    breaksAt === null
      ? ", the most that was tried"
      : ` and breaks at x ${formatNumber(breaksAt)}${firstBroken === null ? "" : `, ${promiseName(firstBroken, all)} first`}`;
  if (monthlyGrowth === null || monthlyGrowth === 0) return `${holds}${breaks}.`;
  const growth = `${percentOf(monthlyGrowth)} % a month`;
  const span = runwayMonths(runway);
  if (span === undefined) {
    return `${holds}${breaks}: at ${growth} it lasts at least ${counted(months ?? 0, "month")}.`;
  }
  return `${holds}${breaks}: at ${growth} it lasts ${monthsText(span.holds)}, and has broken by ${monthsText(span.breaks)}.`;
}

/** Months in which growth reaches what held, and what broke; undefined without a growth, or where nothing held or broke. */
export function runwayMonths({
  breaksAt,
  heldAt,
  monthlyGrowth,
}: PlanRunway): { readonly holds: number; readonly breaks: number } | undefined {
  if (breaksAt === null || heldAt === 0 || monthlyGrowth === null || monthlyGrowth <= 0) {
    return undefined;
  }
  const monthsTo = (factor: number): number => Math.log(factor) / Math.log1p(monthlyGrowth);
  return { holds: monthsTo(heldAt), breaks: monthsTo(breaksAt) };
}

/** "2.9 months": a tenth is as fine as a growth a month is known. */
export function monthsText(months: number): string {
  return `${months.toFixed(1)} months`;
}

/** "1.03 x 100 ms (103 ms)"; of an objective over several targets only the multiple. */
export function pressureText(reading: PromiseReading | null, all: readonly PlanPromise[]): string {
  if (reading === null) return MISSING;
  const { promise, pressure } = reading;
  if (pressure === null) return "requests lost";
  const own = all.filter((one) => one.tier === promise.tier && one.metric !== null);
  const limitMs = promise.limitMs ?? (own.length === 1 ? own[0]!.limitMs : null);
  return limitMs === null ? formatShare(pressure) : formatMs(pressure * limitMs);
}

export function readingText(reading: PromiseReading | null, all: readonly PlanPromise[]): string {
  if (reading === null) return MISSING;
  return `${promiseLimit(reading.promise, all)}: ${pressureText(reading, all)}`;
}

/** "93.0 % of the limit", "1.32× the limit". */
export function shareWords(pressure: number | null): string {
  if (pressure === null) return "beyond any limit, for requests were lost";
  return pressure > 1
    ? `${formatTimes(pressure)} the limit`
    : `${formatShare(pressure)} of the limit`;
}

export function designText(design: readonly string[]): string {
  return design.length === 0 ? "as the scenario" : design.join(", ");
}

export function sizesText(
  sizes: readonly { readonly pool: string; readonly replicas: number }[],
): string {
  return sizes.map(({ pool, replicas }) => `${pool} ${replicas}`).join(", ");
}

export function hourly(usd: number): string {
  return `${formatUsd(usd)}/h`;
}

/** What a reader must know to trust the figures. */
export function planNotes(plan: PlanResult): string[] {
  const { statistics, ask } = plan;
  if (statistics === null) return [];
  const { searchFromS, searchToS, searchSeeds, warmupS, warmupRule } = statistics;
  const rule = warmupRule === "scenario" ? "the scenario's own" : "by MSER-5";
  const { searchMostMissed, offered } = statistics;
  return [
    `Searched with seconds ${formatNumber(searchFromS)} to ${formatNumber(searchToS)} of the run under ${counted(searchSeeds.length, "seed")}, judged by what the whole run allows; confirmed on whole runs under other seeds. Warm-up cut: ${formatNumber(warmupS)} s, ${rule}.`,
    `What missed under at most ${searchMostMissed} of the search's seeds was put to fresh ones, the cheapest first: ${counted(offered, "platform")}.`,
    statistics.isProvenCheapest
      ? "Everything cheaper in what was varied was refused: by a bound, by the search's seeds or by fresh ones, or for being smaller than what was."
      : "Something cheaper may exist: the budget ended, or some of it was judged by short runs, by a few sizes, or left open.",
    ...plan.leftOut.map((what) => `Left out, for the budget was spent: ${what}.`),
    `Varied: ${ask.varied.join("; ")}. At most ${formatCount(ask.mostGpus)} GPUs.`,
  ];
}
