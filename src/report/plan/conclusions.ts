/** What a reader who stops after one page should know of a plan, matter by matter. */
import type { PlannedPool, PlanResult, SensitivityRow } from "../../results/plan.ts";
import { counted, percentOf, promiseLimit, toldOnce } from "../../results/plan-words.ts";
import type { Conclusion } from "../document.ts";
import { formatCount, formatMonthlyUsd, formatShare, formatUsd } from "../format.ts";
import { capital, joinWords } from "../verdict.ts";
import { nextWords } from "./next.ts";
import {
  confirmationWords,
  designText,
  hourly,
  pressureText,
  runwayWords,
  shareWords,
} from "./words.ts";

/** The row of the sensitivity analysis that changes nothing. */
const AS_PLANNED = "growth-1";

/** Tenants named in a sentence. */
const NAMED = 3;

/** The conclusions, without those that the plan has nothing to say about. */
export function planConclusions(plan: PlanResult): readonly Conclusion[] {
  const { confirmation, ask, runway, impossible } = plan;
  const sure = confirmation === null ? [] : [confirmationWords(confirmation, ask.confidence)];
  const all: readonly Conclusion[] = [
    { topic: "What was asked", sentences: askedWords(plan) },
    { topic: "The platform", sentences: platformWords(plan) },
    { topic: "Promises", sentences: [...sure, ...tightestWords(plan)] },
    { topic: "Cost", sentences: costWords(plan) },
    { topic: "What binds", sentences: bindingWords(plan) },
    {
      topic: "When it runs out",
      sentences: runway === null ? [] : [runwayWords(runway, ask.promises)],
    },
    { topic: "What would break it", sentences: riskWords(plan) },
    { topic: "What could be had", sentences: impossible?.nearest ?? [] },
    { topic: "What to do next", sentences: nextWords(plan) },
  ];
  return all.filter(({ sentences }) => sentences.length > 0);
}

function askedWords({ ask }: PlanResult): readonly string[] {
  const { confidence, mostGpus, promises, varied } = ask;
  const tiers = new Set(promises.map(({ tier }) => tier)).size;
  const told = toldOnce(promises, (promise) => promise);
  const varying = varied.length === 0 ? "" : ` What may vary: ${varied.join("; ")}.`;
  return [
    `The cheapest platform of at most ${counted(mostGpus, "GPU")} that keeps ${counted(told.length, "promise")} to ${counted(tiers, "tier")}, all of them together at ${percentOf(confidence)} % confidence.${varying}`,
  ];
}

function platformWords({ answer }: PlanResult): readonly string[] {
  if (answer === null) return [];
  return [
    `${joinWords(answer.pools.map(poolWords))}, under ${answer.policy}.`,
    answer.design.length === 0
      ? "Sizes aside, it is the scenario's own platform."
      : `Sizes aside, it differs from the scenario's own platform: ${designText(answer.design)}.`,
  ];
}

function poolWords({ name, gpus, gpu, gpusPerReplica }: PlannedPool): string {
  const parallel = gpusPerReplica > 1 ? `, ${formatCount(gpusPerReplica)} to a replica` : "";
  return `${formatCount(gpus)} × ${gpu} in ${name}${parallel}`;
}

/** The promise that the prediction leaves least room. */
function tightestWords({ confirmation, ask }: PlanResult): readonly string[] {
  const known = (confirmation?.promises ?? []).flatMap((one) =>
    one.predictedAtMost === null || one.pressure === null
      ? []
      : [{ promise: one.promise, pressure: one.pressure, most: one.predictedAtMost }],
  );
  const tightest = known.toSorted((a, b) => b.most - a.most)[0];
  if (tightest === undefined) return [];
  const { promise, pressure, most } = tightest;
  const mean = `The tightest is ${promiseLimit(promise, ask.promises)}: at ${shareWords(pressure)} in the mean of the fresh runs`;
  return [
    most <= 1
      ? `${mean}, and predicted to be at most ${shareWords(most)}.`
      : `${mean}. Its margin alone would allow a further run ${shareWords(most)}: it is the number of runs without a miss that decides.`,
  ];
}

function costWords({ costs, runway }: PlanResult): readonly string[] {
  if (costs === null) return [];
  const { usdPerHour, usdPerMonth, usdPerRequest, usdPerMillionTokens, busy } = costs;
  const each = usdPerRequest === null ? "" : `, ${formatUsd(usdPerRequest)} per request`;
  const tokens =
    usdPerMillionTokens === null
      ? ""
      : `: ${formatUsd(usdPerMillionTokens)} per million tokens${each}`;
  const tenants = costs.tenants.toSorted((a, b) => b.usdPerHour - a.usdPerHour);
  const named = tenants
    .slice(0, NAMED)
    .map(
      ({ name, usdPerHour: usd }) => `${name} ${hourly(usd)} (${formatShare(usd / usdPerHour)})`,
    );
  const others = tenants.slice(NAMED);
  const rest = others.reduce((sum, tenant) => sum + tenant.usdPerHour, 0);
  const last = others.length === 0 ? [] : [`${counted(others.length, "other")} ${hourly(rest)}`];
  return [
    `The GPUs cost ${formatUsd(usdPerHour)} an hour, ${formatMonthlyUsd(usdPerMonth)} a month${tokens}.`,
    `Some step is running on them ${formatShare(busy)} of the time, full or not${runway === null ? "." : ": how much more they bear stands under “When it runs out”."}`,
    ...(named.length === 0
      ? []
      : [`Idle time included, each tenant's part is: ${joinWords([...named, ...last])}.`]),
  ];
}

function bindingWords({ binding, ask }: PlanResult): readonly string[] {
  if (binding === null) return [];
  const { words, reading } = binding;
  return [
    `${capital(words)}: ${pressureText(reading, ask.promises)}, ${shareWords(reading.pressure)}.`,
  ];
}

function riskWords({ sensitivity }: PlanResult): readonly string[] {
  // The first row is the answer as it is.
  const cases = sensitivity.filter(({ id }) => id !== AS_PLANNED);
  const broken = cases.filter(({ isKept }) => isKept === false).map(brokenWords);
  const held = cases.filter(({ isKept }) => isKept === true).map(({ what }) => what);
  const unknown = cases.filter(({ isKept }) => isKept === null).map(({ what }) => what);
  return [
    ...(held.length === 0 ? [] : [`It holds: ${held.join("; ")}.`]),
    ...(broken.length === 0 ? [] : [`It does not hold: ${broken.join("; ")}.`]),
    ...(unknown.length === 0 ? [] : [`Not known: ${unknown.join("; ")}.`]),
  ];
}

/** Its pressure is left out: a run that is bound to miss is left early, so that its figure is a least one. */
function brokenWords({ what, gpusNeeded, usdPerHourNeeded }: SensitivityRow): string {
  return gpusNeeded === null || usdPerHourNeeded === null
    ? what
    : `${what} (${counted(gpusNeeded, "GPU")} at ${hourly(usdPerHourNeeded)} would)`;
}
