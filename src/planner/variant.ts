/**
 * A variant of a scenario: the same traffic on another platform, or the same platform with less traffic. A variant is a small
 * record that can be sent to a thread, which applies it to the scenario it has loaded itself. Whatever a variant does not name
 * stays as it is, random streams included, so that runs with equal seeds can be compared pair by pair.
 */
import type { PolicyName } from "../engine/config.ts";
import type { FaultConfig, Scenario, SimulationConfig } from "../scenario/scenario.ts";
import { partitioned } from "./partition.ts";
import { type RunWindow, withinWindow } from "./run-window.ts";
import { changedClients, type TrafficChange } from "./traffic-change.ts";
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
  /** Other traffic from the same clients. */
  readonly traffic?: TrafficChange;
  /** This many replicas of some pools, by their index, are down from the start and stay down. */
  readonly lost?: readonly (readonly [pool: number, replicas: number])[];
  /** In place of the scenario's own: what arrives earlier is left out of latencies and verdicts. */
  readonly warmupNs?: number;
  /** Only this part of the run, as a run of its own. */
  readonly window?: RunWindow;
  /** Arrivals end here, in place of a limit on requests, which would let the others send more where one sends less. */
  readonly arrivalsUntilNs?: number;
}

/** The scenario, loaded with the variant's overrides, with the variant's other changes and another seed. */
export function variantOf(scenario: Scenario, variant: Variant, seed: number): Scenario {
  const whole = variant.isPartitioned === true ? partitioned(scenario) : scenario;
  const { policy, replicas = [], silentTenant, traffic, lost = [], window } = variant;
  const counts = new Map(replicas);
  const pools = whole.platform.pools.map((pool, index) => ({
    ...pool,
    // A size that is asked for is a fixed one.
    ...(counts.has(index) && { replicas: counts.get(index)!, autoscale: undefined }),
  }));
  const clients = traffic === undefined ? whole.clients : changedClients(whole, traffic);
  const changed: Scenario = {
    ...whole,
    platform: {
      ...whole.platform,
      policy: { ...whole.platform.policy, ...(policy !== undefined && { name: policy }) },
      pools,
    },
    clients: clients.filter(({ tenant }) => tenant !== silentTenant),
    faults: [...faultsWithin(whole.faults, pools), ...lost.map(asLost)],
    simulation: { ...whole.simulation, seed, ...limitsOf(whole, variant) },
  };
  return window === undefined ? changed : withinWindow(changed, window);
}

function asLost([pool, replicas]: readonly [pool: number, replicas: number]): FaultConfig {
  return { kind: "lose", pool, count: { replicas }, atNs: 0, downForNs: Infinity };
}

function limitsOf(
  { simulation }: Scenario,
  { arrivalsUntilNs, warmupNs }: Variant,
): Partial<SimulationConfig> {
  return {
    ...(warmupNs !== undefined && { warmupNs }),
    ...(arrivalsUntilNs !== undefined && {
      durationNs: Math.min(simulation.durationNs, arrivalsUntilNs),
      maxRequests: Infinity,
    }),
  };
}
