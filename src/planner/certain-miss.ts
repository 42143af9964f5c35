/**
 * Sees, while a variant is being simulated, that it is certain to miss an objective: more requests have been missed than the
 * objective allows of all that will ever come. That number is known where arrivals do not depend on the platform, from a run
 * of the same seed. What is certain here the verdict at the end would say as well; only the rest of the run is saved.
 */
import type { TierConfig } from "../engine/config.ts";
import { SLA_MIN_SAMPLES } from "../engine/sla/sla-window.ts";
import { TenantStats } from "../results/tenant-stats.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { RequestRecord } from "../sim/simulate.ts";

/** Names of the clients that send otherwise when they are served otherwise: who waits for answers, and who tries again. */
export function dependentClients({ clients }: Scenario): string[] {
  return clients
    .filter(
      ({ arrivals, conversation, retry }) =>
        arrivals.kind === "closed-loop" || conversation !== undefined || retry.attempts > 0,
    )
    .map(({ name }) => name);
}

export class MissWatch {
  readonly #scenario: Scenario;
  readonly #arrivals: ReadonlyMap<string, number>;
  /** Per tier; counted as results count. */
  readonly #stats: readonly TenantStats[];

  /** `arrivals` are all requests that will come, by the name of their tier. */
  constructor(scenario: Scenario, arrivals: ReadonlyMap<string, number>) {
    this.#scenario = scenario;
    this.#arrivals = arrivals;
    this.#stats = scenario.platform.tiers.map(() => new TenantStats());
  }

  record({ nowNs, sent, request, outcome, reason }: RequestRecord): void {
    const { platform, clients, simulation } = this.#scenario;
    const { tier } = platform.tenants[clients[sent.client]!.tenant]!;
    const stats = this.#stats[tier]!;
    const { warmupNs } = simulation;
    if (request !== undefined && outcome !== "rejected") {
      const { targets } = platform.tiers[tier]!;
      stats.end(nowNs, request, outcome, { targets, isMeasured: request.arrivalNs >= warmupNs });
    } else if (reason !== undefined) {
      stats.reject(reason, nowNs >= warmupNs);
    }
  }

  /** Names of the tiers that will miss. */
  certain(): string[] {
    return this.#scenario.platform.tiers
      .filter((tier, index) => this.#isCertain(tier, this.#stats[index]!))
      .map(({ name }) => name);
  }

  #isCertain({ name, objective }: TierConfig, stats: TenantStats): boolean {
    const missed = stats.measured - stats.met + stats.lostOwed;
    const arrivals = this.#arrivals.get(name);
    // The verdict's own condition: below this many requests nothing is missed, however bad.
    if (arrivals === undefined || missed < SLA_MIN_SAMPLES) return false;
    return 1 - missed / arrivals < objective;
  }
}
