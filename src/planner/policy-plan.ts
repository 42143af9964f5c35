/**
 * Policies side by side: each on the scenario's own platform and traffic, and each with the fewest shared GPUs that keep every
 * promise. Beside them stands the static partition, in which every tier has GPUs of its own.
 */
import type { PolicyName } from "../engine/config.ts";
import type { Results } from "../results/results.ts";
import type { Smallest } from "../results/smallest.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { fitOfRuns, meetsSlas } from "./meets-slas.ts";
import { isDivisible, partitioned, partsOf } from "./partition.ts";
import { replicate, seedsFrom } from "./seeds.ts";
import { smallestSizes } from "./smallest.ts";
import type { Variant } from "./variant.ts";
import type { WorkerPool } from "./worker-pool.ts";

export interface PolicyPlan {
  readonly policies: readonly PolicyName[];
  readonly replications: number;
  /** Undefined: no search. Shared GPUs. */
  readonly mostGpus: number | undefined;
}

export interface PolicyOutcome {
  /** A policy, or "static-partition". */
  readonly name: string;
  /** On the scenario's platform, one per seed; empty where the partition has fewer replicas than tiers. */
  readonly runs: readonly Results[];
  readonly smallest: Smallest | undefined;
  /** Names of the pools that `smallest.replicas` counts, in its order. */
  readonly pools: readonly string[];
}

/** What is searched, and with what the search begins. */
interface Row {
  readonly name: string;
  readonly variant: Variant;
  readonly sizes: readonly Size[];
  /** Whether the scenario's own platform can run so. */
  readonly isRunnable: boolean;
}

interface Size {
  readonly name: string;
  /** Index in the variant. */
  readonly pool: number;
  readonly replicas: number;
  readonly gpusPerReplica: number;
}

/** Shared pools that somebody sends to: what policies schedule, and what is searched. */
export function searchedPools({ platform, clients }: Scenario): number[] {
  return [...platform.pools.keys()].filter(
    (index) =>
      platform.pools[index]!.owner === undefined && clients.some(({ pool }) => pool === index),
  );
}

/** GPUs of the pools that are searched, as the scenario has them. */
export function searchedGpus(scenario: Scenario): number {
  const { pools } = scenario.platform;
  return searchedPools(scenario).reduce(
    (sum, index) => sum + pools[index]!.replicas * pools[index]!.gpusPerReplica,
    0,
  );
}

/** Every policy in the order given, then the partition. */
export function planPolicies(
  pool: WorkerPool,
  scenario: Scenario,
  plan: PolicyPlan,
): Promise<PolicyOutcome[]> {
  const rows = [...plan.policies.map((name) => policyRow(scenario, name)), partitionRow(scenario)];
  return Promise.all(rows.map((row) => outcomeOf(pool, scenario, { row, plan })));
}

async function outcomeOf(
  pool: WorkerPool,
  scenario: Scenario,
  { row, plan }: { readonly row: Row; readonly plan: PolicyPlan },
): Promise<PolicyOutcome> {
  const { name, variant, sizes, isRunnable } = row;
  const seeds = seedsFrom(scenario.simulation.seed, plan.replications);
  const runs = isRunnable ? await replicate(pool, variant, seeds) : [];
  const pools = sizes.map((size) => size.name);
  if (plan.mostGpus === undefined) return { name, runs, smallest: undefined, pools };
  const isOwnSize = (replicas: readonly number[]): boolean =>
    runs.length > 0 && sizes.every((size, at) => replicas[at] === size.replicas);
  const space = { pools: sizes, mostGpus: plan.mostGpus };
  const smallest = await smallestSizes(space, (replicas) =>
    isOwnSize(replicas)
      ? Promise.resolve(fitOfRuns(runs))
      : meetsSlas(pool, { ...variant, replicas: counted(sizes, replicas) }, seeds),
  );
  return { name, runs, smallest, pools };
}

function counted(
  sizes: readonly Size[],
  replicas: readonly number[],
): NonNullable<Variant["replicas"]> {
  return sizes.map(({ pool }, at) => [pool, replicas[at]!]);
}

function policyRow(scenario: Scenario, policy: PolicyName): Row {
  const sizes = searchedPools(scenario).map((index): Size => {
    const { name, replicas, gpusPerReplica } = scenario.platform.pools[index]!;
    return { name, pool: index, replicas, gpusPerReplica };
  });
  return { name: policy, variant: { policy }, sizes, isRunnable: true };
}

function partitionRow(scenario: Scenario): Row {
  const parts = partsOf(scenario);
  const { pools } = partitioned(scenario).platform;
  const sizes = parts.flatMap(({ tier }, pool): Size[] => {
    if (tier === undefined) return [];
    const { name, replicas, gpusPerReplica } = pools[pool]!;
    return [{ name, pool, replicas, gpusPerReplica }];
  });
  return {
    name: "static-partition",
    variant: { isPartitioned: true },
    sizes,
    isRunnable: isDivisible(scenario, parts),
  };
}
