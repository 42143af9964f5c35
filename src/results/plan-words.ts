/** Promises and sizes in words, for the planner's reasons and for reports of plans alike. */
import type { PlanPromise } from "./plan.ts";

const METRIC_NAMES = { ttft: "TTFT", tpot: "TPOT", e2e: "E2E", queue: "queueing" } as const;

/** "silver's P99 TTFT"; an objective over one metric reads as its percentile, over several as what it is. */
export function promiseName(promise: PlanPromise, all: readonly PlanPromise[]): string {
  const percent = percentOf(promise.share);
  if (promise.metric !== null) {
    return `${promise.tier}'s P${percent} ${METRIC_NAMES[promise.metric]}`;
  }
  const metrics = all.filter((one) => one.tier === promise.tier && one.metric !== null);
  const [only] = metrics;
  if (metrics.length === 1 && only !== undefined && only.metric !== null) {
    return `${promise.tier}'s P${percent} ${METRIC_NAMES[only.metric]}`;
  }
  return `${promise.tier}'s ${percent} % of requests within every target`;
}

/** "silver's P99 TTFT of 100 ms". */
export function promiseLimit(promise: PlanPromise, all: readonly PlanPromise[]): string {
  const own = all.filter((one) => one.tier === promise.tier && one.metric !== null);
  const limitMs = promise.limitMs ?? (own.length === 1 ? own[0]!.limitMs : null);
  const name = promiseName(promise, all);
  return limitMs === null ? name : `${name} of ${msText(limitMs)}`;
}

/**
 * Without the targets that their tier's objective says again: of a tier's only target at the objective's own percentile, the
 * objective is the same promise with lost requests counted in, so that it is never broken later.
 */
export function toldOnce<Told>(
  list: readonly Told[],
  of: (told: Told) => PlanPromise,
): readonly Told[] {
  const all = list.map(of);
  return list.filter((told) => !isSaidByObjective(of(told), all));
}

function isSaidByObjective(promise: PlanPromise, all: readonly PlanPromise[]): boolean {
  if (promise.kind !== "target") return false;
  const own = all.filter(({ tier }) => tier === promise.tier);
  const targets = own.filter(({ kind }) => kind === "target");
  return (
    targets.length === 1 &&
    own.some(({ kind, share }) => kind === "objective" && share === promise.share)
  );
}

/** Three digits, and no more than are known. */
export function msText(ms: number): string {
  if (ms >= 1000) return `${Number((ms / 1000).toPrecision(3))} s`;
  return `${Number(ms.toPrecision(3))} ms`;
}

export function percentOf(share: number): string {
  return String(Number((share * 100).toPrecision(8)));
}

/** "1 GPU", "20 GPUs". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
