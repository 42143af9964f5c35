/** The simulation's own settings, checked against the workload. */
import type { SimulationConfig } from "../scenario.ts";
import type { Context } from "./context.ts";

/** Duration, warm-up, seed and audit. */
export function resolveSimulation(context: Context): SimulationConfig {
  const { duration, maxRequests, warmup, seed, audit } = context.file.simulation;
  if (duration === 0) {
    context.report.error(["simulation", "duration"], "expected a duration above 0s");
  } else if (warmup >= duration) {
    context.report.error(["simulation", "warmup"], "expected a warm-up shorter than the duration");
  }
  const isEndless =
    duration === Number.POSITIVE_INFINITY && maxRequests === Number.POSITIVE_INFINITY;
  const drawn = Object.entries(context.file.workload).filter(
    ([, client]) => !("trace" in client.arrivals),
  );
  if (isEndless && drawn.length > 0) {
    const message = `the run would never end: client '${drawn[0]![0]}' keeps sending; give a duration or maxRequests`;
    context.report.error(["simulation", "duration"], message);
  }
  return { durationNs: duration, maxRequests, warmupNs: warmup, seed, audit };
}
