/**
 * Finds noisy neighbours. A victim is a tenant whose recent percentile is far over its target although it asks for no more than
 * its share of its pool; the aggressor is the tenant over its share there whose demand grew most. An alarm ends only
 * after several quiet checks in a row, so that it does not flicker.
 */
import { grownFloats } from "../base/grow.ts";
import type { PlatformConfig } from "./config.ts";
import type { EngineEvent } from "./effects.ts";
import type { SlaMonitor } from "./sla/sla-monitor.ts";

/** Checks without alarm before a noisy-neighbour event ends. */
const QUIET_CHECKS = 5;
/** Share of the newest check in the long-run demand, which growth is measured against. */
const DEMAND_MEMORY = 0.9;

interface Alarm {
  readonly aggressor: number;
  readonly pool: number;
  quietChecks: number;
}

export class NoisyNeighbourDetector {
  readonly #platform: PlatformConfig;
  readonly #sla: SlaMonitor;
  /** Tokens asked for since the last check, and their long-run mean per check; by pool, then tenant. */
  #asked: Float64Array[];
  #usual: Float64Array[];
  readonly #alarms = new Map<number, Alarm>();
  /** Tenants over their share since their latencies began to suffer: until these recover they are nobody's victims. */
  readonly #selfInflicted = new Set<number>();
  /** Tokens that a tenant's requests waiting in a pool ask for. */
  readonly #waiting: (pool: number, tenant: number) => number;

  constructor(
    platform: PlatformConfig,
    sla: SlaMonitor,
    waiting: (pool: number, tenant: number) => number,
  ) {
    this.#platform = platform;
    this.#waiting = waiting;
    this.#sla = sla;
    this.#asked = platform.pools.map(() => new Float64Array(platform.tenants.length));
    this.#usual = platform.pools.map(() => new Float64Array(platform.tenants.length));
  }

  /** The platform has changed in place and may have more tenants. */
  reloaded(): void {
    const { length } = this.#platform.tenants;
    this.#asked = this.#asked.map((tokens) => grownFloats(tokens, length));
    this.#usual = this.#usual.map((tokens) => grownFloats(tokens, length));
  }

  /** A request arrived that asks for this many tokens, admitted or not. */
  asked(pool: number, tenant: number, tokens: number): void {
    this.#asked[pool]![tenant]! += tokens;
  }

  /** Examines every tenant; returns alarms that began or ended. */
  check(): EngineEvent[] {
    const events: EngineEvent[] = [];
    for (let tenant = 0; tenant < this.#platform.tenants.length; tenant++) {
      const event = this.#examine(tenant);
      if (event !== undefined) events.push(event);
    }
    for (let pool = 0; pool < this.#asked.length; pool++) this.#age(pool);
    return events;
  }

  #examine(tenant: number): EngineEvent | undefined {
    const sla = this.#sla.tenants[tenant]!;
    const target = sla.windows.findIndex((window) => window.isAlarming);
    const alarm = this.#alarms.get(tenant);
    if (alarm !== undefined) return this.#maybeEnd(tenant, alarm, target !== -1);
    if (target === -1) {
      this.#selfInflicted.delete(tenant);
      return undefined;
    }
    const { pools } = this.#platform.tenants[tenant]!;
    if (pools.some((pool) => this.#overShare(pool, tenant) > 0)) this.#selfInflicted.add(tenant);
    if (this.#selfInflicted.has(tenant)) return undefined;
    for (const pool of pools) {
      const aggressor = this.#aggressorOf(pool, tenant);
      if (aggressor === undefined) continue;
      this.#alarms.set(tenant, { aggressor, pool, quietChecks: 0 });
      return {
        kind: "noisy-neighbour",
        tenant,
        aggressor,
        pool,
        replica: undefined,
        message: this.#describe(tenant, target, { pool, aggressor }),
      };
    }
    return undefined;
  }

  #maybeEnd(tenant: number, alarm: Alarm, isAlarming: boolean): EngineEvent | undefined {
    alarm.quietChecks = isAlarming ? 0 : alarm.quietChecks + 1;
    if (alarm.quietChecks < QUIET_CHECKS) return undefined;
    this.#alarms.delete(tenant);
    const { tenants } = this.#platform;
    return {
      kind: "noisy-neighbour-ended",
      tenant,
      aggressor: alarm.aggressor,
      pool: alarm.pool,
      replica: undefined,
      message: `${tenants[tenant]!.name} is back under its alarm threshold; ${tenants[alarm.aggressor]!.name} was over its share.`,
    };
  }

  /** The tenant of the pool over its share whose demand grew most. */
  #aggressorOf(pool: number, victim: number): number | undefined {
    let aggressor: number | undefined;
    let most = -Infinity;
    for (let tenant = 0; tenant < this.#platform.tenants.length; tenant++) {
      if (tenant === victim || this.#overShare(pool, tenant) <= 0) continue;
      const growth = this.#asked[pool]![tenant]! - this.#usual[pool]![tenant]!;
      if (growth <= most) continue;
      most = growth;
      aggressor = tenant;
    }
    return aggressor;
  }

  /** A tenant's share of what was lately asked of the pool, less its share by weight. */
  #overShare(pool: number, tenant: number): number {
    const { tenants, tiers } = this.#platform;
    let asked = 0;
    let weights = 0;
    for (let other = 0; other < tenants.length; other++) {
      if (!tenants[other]!.pools.includes(pool)) continue;
      asked += this.#demand(pool, other);
      weights += tenants[other]!.weight * tiers[tenants[other]!.tier]!.weight;
    }
    if (asked === 0 || weights === 0) return 0;
    const weight = tenants[tenant]!.weight * tiers[tenants[tenant]!.tier]!.weight;
    return this.#demand(pool, tenant) / asked - weight / weights;
  }

  /** What it asked for lately, and what it still waits for: a burst weighs until it has been worked off. */
  #demand(pool: number, tenant: number): number {
    const lately = this.#asked[pool]![tenant]! + this.#usual[pool]![tenant]!;
    return lately + this.#waiting(pool, tenant);
  }

  #describe(tenant: number, target: number, where: { pool: number; aggressor: number }): string {
    const { tenants, pools } = this.#platform;
    const window = this.#sla.tenants[tenant]!.windows[target]!;
    const { metric, percentile } = this.#sla.tenants[tenant]!.targets[target]!;
    const measuredMs = ((window.percentileNs() ?? 0) / 1e6).toFixed(0);
    const limitMs = (window.limitNs / 1e6).toFixed(0);
    const over = (100 * this.#overShare(where.pool, where.aggressor)).toFixed(0);
    return (
      `${tenants[tenant]!.name} has a P${percentile} ${metric} of ${measuredMs} ms against ${limitMs} ms while within its share; ` +
      `${tenants[where.aggressor]!.name} asks for ${over} points more than its share of ${pools[where.pool]!.name}.`
    );
  }

  #age(pool: number): void {
    const asked = this.#asked[pool]!;
    const usual = this.#usual[pool]!;
    for (let tenant = 0; tenant < asked.length; tenant++) {
      usual[tenant] = DEMAND_MEMORY * usual[tenant]! + (1 - DEMAND_MEMORY) * asked[tenant]!;
      asked[tenant] = 0;
    }
  }
}
