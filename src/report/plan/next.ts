/** What to do next, after a plan: from what it found and left open, the most pressing first. */
import type { PlanResult } from "../../results/plan.ts";
import { counted } from "../../results/plan-words.ts";
import { hourly, monthsText, runwayMonths } from "./words.ts";

/** Steps told; more would be a list that nobody follows. */
const STEPS = 3;

/** A runway shorter than this wants an order now: GPUs take months to come. Assumed. */
const SHORT_MONTHS = 6;

export function nextWords(plan: PlanResult): readonly string[] {
  if (plan.answer === null) {
    return [
      "Relax the promise that cannot be kept, or allow what the plan may not vary, and plan again.",
    ];
  }
  const steps = [...applied(plan), ...unconfirmed(plan), ...order(plan), ...spare(plan)];
  return steps.slice(0, STEPS);
}

function applied({ answer, statistics }: PlanResult): readonly string[] {
  const count = answer?.changes.length ?? 0;
  if (count === 0) {
    const cheaper = statistics?.isProvenCheapest === true ? "keeps every promise" : "was confirmed";
    return [`Keep the platform as it is: nothing cheaper ${cheaper}.`];
  }
  const changes = count === 1 ? "the change" : `the ${counted(count, "change")}`;
  return [
    `Apply ${changes} listed under “Platform” to the scenario file, and watch the binding promise on the live platform.`,
  ];
}

function unconfirmed({ outcome }: PlanResult): readonly string[] {
  if (outcome !== "found") return [];
  return [
    "Give the plan a larger budget, so that fresh runs can confirm it, before money is spent on it.",
  ];
}

function order({ runway, sensitivity }: PlanResult): readonly string[] {
  if (runway === null || runway.months === null || runway.months > SHORT_MONTHS) return [];
  const larger = sensitivity.find(
    ({ id, isKept, gpusNeeded }) =>
      id.startsWith("growth-") && isKept === false && gpusNeeded !== null,
  );
  const need =
    larger === undefined
      ? ""
      : `, and ${larger.what} takes ${counted(larger.gpusNeeded ?? 0, "GPU")} at ${hourly(larger.usdPerHourNeeded ?? 0)}`;
  const lasts = monthsText(runwayMonths(runway)?.holds ?? runway.months);
  return [`Order GPUs now: it lasts ${lasts}${need}.`];
}

/** The loss of hardware that the platform does not bear. */
function spare({ answer, sensitivity }: PlanResult): readonly string[] {
  const loss = sensitivity.find(({ id, isKept }) => id.startsWith("lost-") && isKept === false);
  if (loss === undefined || answer === null) return [];
  const { what, gpusNeeded, usdPerHourNeeded } = loss;
  const need =
    gpusNeeded === null || usdPerHourNeeded === null
      ? "as it is, the platform does not bear it"
      : `that takes ${counted(gpusNeeded - answer.gpus, "GPU")} more, ${hourly(usdPerHourNeeded - answer.usdPerHour)}`;
  return [`Decide whether ${what} must be borne: ${need}.`];
}
