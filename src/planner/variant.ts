/**
 * A variant of a scenario: the same traffic on another platform, or the same platform with less traffic. A variant is a small
 * record that can be sent to a thread, which applies it to the scenario it has loaded itself. Whatever a variant does not name
 * stays as it is, random streams included, so that runs with equal seeds can be compared pair by pair.
 */
import type { PolicyName } from "../engine/config.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { partitioned } from "./partition.ts";
import { faultsWithin } from "./variant-faults.ts";

export interface Variant {
  /** `path=value`, as --set takes them: what the scenario's file says otherwise. Whoever loads it applies them, before all else. */
  readonly overrides?: readonly string[];
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

/** The scenario, loaded with the variant's overrides, with the variant's other changes and another seed. */
export function variantOf(scenario: Scenario, variant: Variant, seed: number): Scenario {
  const whole = variant.isPartitioned === true ? partitioned(scenario) : scenario;
  const { policy, replicas = [], silentTenant, arrivalsUntilNs } = variant;
  const counts = new Map(replicas);
  const pools = whole.platform.pools.map((pool, index) => ({
    ...pool,
    // A size that is asked for is a fixed one.
    ...(counts.has(index) && { replicas: counts.get(index)!, autoscale: undefined }),
  }));
  return {
    ...whole,
    platform: {
      ...whole.platform,
      policy: { ...whole.platform.policy, ...(policy !== undefined && { name: policy }) },
      pools,
    },
    clients: whole.clients.filter(({ tenant }) => tenant !== silentTenant),
    faults: faultsWithin(whole.faults, pools),
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
