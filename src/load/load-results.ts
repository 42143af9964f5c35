/** The results of a load: what its recorder counted, and how far it can be trusted. */
import type { RunIdentity } from "../results/build-results.ts";
import { buildMeasuredResults } from "../results/measured-results.ts";
import type { Results } from "../results/results.ts";
import type { LoadOutcome } from "./load-run.ts";
import type { Plan } from "./request-bodies.ts";

export function loadResults(
  identity: Omit<RunIdentity, "skippedTraceRows">,
  plan: Plan,
  outcome: LoadOutcome,
): Results {
  const { recorder, health, endNs, windowNs, isComplete, skippedTraceRows } = outcome;
  const { collector, errors, uncountedAnswers, otherLengths } = recorder;
  return buildMeasuredResults(
    { ...identity, skippedTraceRows },
    { collector, endNs, windowNs },
    {
      url: plan.url,
      endpoint: plan.endpoint,
      lengths: plan.lengths,
      ...health.report(),
      isComplete,
      uncountedAnswers,
      otherLengths,
      errors: errors.list(),
    },
  );
}
