/**
 * Interference by counterfactual: the scenario as it is, and once without each tenant's requests, under the same seeds. What
 * differs for anybody else is the doing of the one who was left out, for everything else is the same.
 */
import type { Results } from "../results/results.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { replicate, seedsFrom } from "./seeds.ts";
import type { Variant } from "./variant.ts";
import type { WorkerPool } from "./worker-pool.ts";

export interface InterferencePlan {
  /** One per seed. */
  readonly present: readonly Results[];
  readonly absences: readonly Absence[];
}

export interface Absence {
  /** Whose requests are missing. */
  readonly tenant: string;
  readonly runs: readonly Results[];
}

/** Tenants that send anything, by their index. */
export function sendingTenants({ platform, clients }: Scenario): number[] {
  return [...platform.tenants.keys()].filter((index) =>
    clients.some(({ tenant }) => tenant === index),
  );
}

export async function planInterference(
  pool: WorkerPool,
  scenario: Scenario,
  replications: number,
): Promise<InterferencePlan> {
  const seeds = seedsFrom(scenario.simulation.seed, replications);
  const present = await replicate(pool, {}, seeds);
  const absences = await Promise.all(
    sendingTenants(scenario).map(async (silentTenant): Promise<Absence> => {
      const runs = await Promise.all(
        seeds.map((seed, at) =>
          pool.results({ silentTenant, ...limitOf(scenario, present[at]!) }, seed),
        ),
      );
      return { tenant: scenario.platform.tenants[silentTenant]!.name, runs };
    }),
  );
  return { present, absences };
}

/** Where a limit on requests ended arrivals, the others' end at the same time without somebody, and not with more of them. */
function limitOf({ simulation }: Scenario, { run }: Results): Variant {
  if (simulation.maxRequests === Infinity) return {};
  return { arrivalsUntilNs: Math.round(run.arrivalSeconds * 1e9) + 1 };
}
