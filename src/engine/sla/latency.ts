/** The four latencies of a completed request, defined once: TTFT, TPOT, E2E and time in the queue, nanoseconds. */
import { unreachable } from "../../base/assert.ts";
import type { LatencyMetric, PlatformConfig, SlaTarget } from "../config.ts";
import type { Request } from "../request.ts";

/** A latency of a request that completed at `endNs`; undefined where it is not defined (TPOT of a single token). */
export function latencyNs(
  metric: LatencyMetric,
  request: Request<unknown>,
  endNs: number,
): number | undefined {
  switch (metric) {
    case "ttft":
      return request.firstTokenNs - request.arrivalNs;
    case "tpot":
      return request.outputTokens > 1
        ? (endNs - request.firstTokenNs) / (request.outputTokens - 1)
        : undefined;
    case "e2e":
      return endNs - request.arrivalNs;
    case "queue":
      return request.joinedNs - request.arrivalNs;
    default:
      return unreachable(metric);
  }
}

/** Whether a request that completed at `endNs` met every target; one whose latency is not defined is met. */
export function meetsTargets(
  targets: readonly SlaTarget[],
  request: Request<unknown>,
  endNs: number,
): boolean {
  for (const { metric, limitNs } of targets) {
    const latency = latencyNs(metric, request, endNs);
    if (latency !== undefined && latency > limitNs) return false;
  }
  return true;
}

/** Time to the first token that each tier allows; Infinity where it states none. */
export function ttftBudgetsNs({ tiers }: PlatformConfig): number[] {
  return tiers.map(
    ({ targets }) => targets.find(({ metric }) => metric === "ttft")?.limitNs ?? Infinity,
  );
}
