/**
 * A variant of a scenario: the same traffic on another platform, or the same platform with less traffic. A variant is a small
 * record that can be sent to a thread, which applies it to the scenario it has loaded itself. Whatever a variant does not name
 * stays as it is, random streams included, so that runs with equal seeds can be compared pair by pair.
 */
import type { PolicyName } from "../engine/config.ts";
import { isOverlapping } from "../scenario/resolve/run.ts";
import type { FaultConfig, Scenario } from "../scenario/scenario.ts";
import { partitioned } from "./partition.ts";

export interface Variant {
  readonly policy?: PolicyName;
  /** Every shared pool is split into one pool per tier, in the order of `partsOf`. Before `replicas` is applied. */
  readonly isPartitioned?: boolean;
  /** Replicas of some pools, by their index. */
  readonly replicas?: readonly (readonly [pool: number, replicas: number])[];
  /**
   * This tenant's clients send nothing. It stays in the platform, and so do the pools of its own: tenants and pools are
   * referred to by number, and nothing but its requests shall be missing.
   */
  readonly silentTenant?: number;
  /** Arrivals end here, in place of a limit on requests, which would let the others send more where one sends less. */
  readonly arrivalsUntilNs?: number;
}

/** The scenario with the variant's changes, and another seed. */
export function variantOf(scenario: Scenario, variant: Variant, seed: number): Scenario {
  const whole = variant.isPartitioned === true ? partitioned(scenario) : scenario;
  const { policy, replicas = [], silentTenant, arrivalsUntilNs } = variant;
  const counts = new Map(replicas);
  const pools = whole.platform.pools.map((pool, index) => ({
    ...pool,
    replicas: counts.get(index) ?? pool.replicas,
  }));
  return {
    ...whole,
    platform: {
      ...whole.platform,
      policy: { ...whole.platform.policy, ...(policy !== undefined && { name: policy }) },
      pools,
    },
    clients: whole.clients.filter(({ tenant }) => tenant !== silentTenant),
    faults: faultsWithin(
      whole.faults,
      pools.map((pool) => pool.replicas),
    ),
    simulation: {
      ...whole.simulation,
      seed,
      ...(arrivalsUntilNs !== undefined && {
        durationNs: Math.min(whole.simulation.durationNs, arrivalsUntilNs),
        maxRequests: Infinity,
      }),
    },
  };
}

/**
 * Faults for pools of these sizes: a replica that is no longer there passes its fault on, counting round, since a smaller
 * platform breaks as well. Where two of a kind would then strike one replica at once, the later one is left out.
 */
export function faultsWithin(
  faults: readonly FaultConfig[],
  replicas: readonly number[],
): FaultConfig[] {
  const kept: FaultConfig[] = [];
  for (const fault of faults) {
    const moved = { ...fault, replica: fault.replica % replicas[fault.pool]! };
    if (!kept.some((other) => isOverlapping(other, moved))) kept.push(moved);
  }
  return kept;
}
