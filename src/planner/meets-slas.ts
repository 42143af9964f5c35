/**
 * Whether a variant keeps every promise: the verdict of every tier, in every replication, is "met". Replications are run side by
 * side and looked at in order; once one has missed, those that nobody has begun are left.
 */
import type { Results } from "../results/results.ts";
import type { TierReadings } from "./promise-meter.ts";
import type { Fit } from "./smallest.ts";
import type { Variant } from "./variant.ts";
import type { WorkerPool } from "./worker-pool.ts";

export async function meetsSlas(
  pool: WorkerPool,
  variant: Variant,
  seeds: readonly number[],
): Promise<Fit> {
  const tasks = seeds.map((seed) => pool.readings(variant, seed, { mayLeave: true }));
  const fits: Fit[] = [];
  for (const { result } of tasks) {
    const fit = fitOf((await result).tiers);
    fits.push(fit);
    if (fit.kind !== "missed") continue;
    for (const { cancel } of tasks) cancel();
    break;
  }
  return worst(fits);
}

/** The same of runs that have been made already. */
export function fitOfRuns(runs: readonly Results[]): Fit {
  const fits = runs.map(({ tiers }) =>
    fitOf(tiers.map(({ name, sla }) => ({ tier: name, verdict: sla.verdict }))),
  );
  return worst(fits);
}

type TierVerdict = Pick<TierReadings, "tier" | "verdict">;

export function fitOf(verdicts: readonly TierVerdict[]): Fit {
  const named = (verdict: TierVerdict["verdict"]): string[] =>
    verdicts.filter((one) => one.verdict === verdict).map(({ tier }) => tier);
  const missed = named("missed");
  if (missed.length > 0) return { kind: "missed", tiers: missed };
  const unknown = named("not-enough-data");
  return unknown.length > 0 ? { kind: "unknown", tiers: unknown } : { kind: "met", tiers: [] };
}

/** The first that missed, else the first that could not be judged. */
export function worst(fits: readonly Fit[]): Fit {
  return (
    fits.find(({ kind }) => kind === "missed") ??
    fits.find(({ kind }) => kind === "unknown") ?? { kind: "met", tiers: [] }
  );
}
