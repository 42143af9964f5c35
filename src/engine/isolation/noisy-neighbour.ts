/**
 * Finds noisy neighbours. A victim is a tenant whose recent percentile is far over its target, and whose requests are late now,
 * although it asks for no more than its share of the pool, and has less than that running; the aggressor is the tenant over its share that grew most among
 * those who lately used the same replicas. An alarm ends only after several quiet checks in a row, so that it does not
 * flicker. What is done about it is mitigation.ts.
 */
import type { PlatformConfig } from "../config.ts";
import type { EngineEvent, Evidence } from "../effects.ts";
import type { PoolScheduler } from "../scheduler.ts";
import type { SlaMonitor } from "../sla/sla-monitor.ts";
import type { Demand } from "./demand.ts";
import type { RecentLatencies } from "./recent-latencies.ts";

/** Checks in a row without a late request before a noisy-neighbour event ends. Assumed: longer than a pause between requests. */
const QUIET_CHECKS = 5;

export interface Alarm {
  readonly victim: number;
  readonly aggressor: number;
  readonly pool: number;
  quietChecks: number;
}

export interface DetectorParts<Origin> {
  readonly platform: PlatformConfig;
  readonly sla: SlaMonitor;
  readonly demand: Demand<Origin>;
  readonly recent: RecentLatencies;
  readonly schedulers: readonly PoolScheduler<Origin>[];
}

export class NoisyNeighbourDetector<Origin> {
  readonly #parts: DetectorParts<Origin>;
  #alarms: Alarm[] = [];
  /** Tenants not within their share at some time since their latencies began to suffer: until these recover they are nobody's victims. */
  readonly #selfInflicted = new Set<number>();

  constructor(parts: DetectorParts<Origin>) {
    this.#parts = parts;
  }

  get alarms(): readonly Alarm[] {
    return this.#alarms;
  }

  /** Examines every tenant; returns alarms that ended or began. */
  check(nowNs: number): EngineEvent[] {
    const events: EngineEvent[] = [];
    this.#alarms = this.#alarms.filter((alarm) => {
      if (this.#isOn(nowNs, alarm)) return true;
      events.push(this.#ended(alarm));
      return false;
    });
    for (let tenant = 0; tenant < this.#parts.platform.tenants.length; tenant++) {
      const alarm = this.#newAlarm(nowNs, tenant);
      if (alarm === undefined) continue;
      this.#alarms.push(alarm);
      events.push(this.#began(nowNs, alarm));
    }
    return events;
  }

  /** Whether the tenant's requests in the pool are late now, though it asks for no more than its share. */
  isVictim(nowNs: number, pool: number, tenant: number): boolean {
    if (!this.#parts.demand.isWithinShare(pool, tenant)) return false;
    return this.#isSuffering(nowNs, pool, tenant);
  }

  evidence(nowNs: number, who: { pool: number; victim: number; aggressor: number }): Evidence {
    const { pool, victim, aggressor } = who;
    const { sla, demand, recent } = this.#parts;
    const { targets, windows } = sla.tenants[victim]!;
    let worst = 0;
    for (const [index, window] of windows.entries()) {
      if (excess(window) > excess(windows[worst]!)) worst = index;
    }
    const target = targets[worst]!;
    const { metric, percentile, limitNs } = target;
    const head = { nowNs, request: this.#parts.schedulers[pool]!.headOf(victim) };
    const { late, of } = recent.lately(pool, victim, { target, head });
    return {
      metric,
      percentile,
      limitNs,
      measuredNs: windows[worst]!.percentileNs(),
      late,
      lateOf: of,
      victimShare: demand.share(pool, victim),
      aggressorShare: demand.share(pool, aggressor),
    };
  }

  #newAlarm(nowNs: number, victim: number): Alarm | undefined {
    const { platform, sla, demand, schedulers } = this.#parts;
    if (!sla.tenants[victim]!.windows.some((window) => window.isAlarming)) {
      this.#selfInflicted.delete(victim);
      return undefined;
    }
    const { pools } = platform.tenants[victim]!;
    if (!pools.every((pool) => demand.isWithinShare(pool, victim))) this.#selfInflicted.add(victim);
    if (this.#selfInflicted.has(victim)) return undefined;
    for (const pool of pools) {
      if (!this.#isSuffering(nowNs, pool, victim)) continue;
      const known = this.#alarms.filter((one) => one.victim === victim && one.pool === pool);
      // Another is looked for only when those known are held to their shares and it has not helped.
      const { restraints } = schedulers[pool]!;
      if (!known.every((one) => restraints.of(one.aggressor)?.isToShare === true)) continue;
      const aggressor = this.#aggressorOf(pool, victim, known);
      if (aggressor !== undefined) return { victim, aggressor, pool, quietChecks: 0 };
    }
    return undefined;
  }

  #isOn(nowNs: number, alarm: Alarm): boolean {
    const { victim, aggressor, pool } = alarm;
    const isLoud =
      this.#parts.demand.isOverShare(pool, aggressor) && this.#isSuffering(nowNs, pool, victim);
    alarm.quietChecks = isLoud ? 0 : alarm.quietChecks + 1;
    return alarm.quietChecks < QUIET_CHECKS;
  }

  #began(nowNs: number, { victim, aggressor, pool }: Alarm): EngineEvent {
    const evidence = this.evidence(nowNs, { pool, victim, aggressor });
    const words = evidenceWords(this.#parts.platform, { victim, aggressor, pool, evidence });
    return {
      kind: "noisy-neighbour",
      tenant: victim,
      aggressor,
      pool,
      replica: undefined,
      evidence,
      message: `${words}.`,
    };
  }

  #ended({ victim, aggressor, pool }: Alarm): EngineEvent {
    const { tenants } = this.#parts.platform;
    return {
      kind: "noisy-neighbour-ended",
      tenant: victim,
      aggressor,
      pool,
      replica: undefined,
      message: `${tenants[victim]!.name} suffers from ${tenants[aggressor]!.name} no more.`,
    };
  }

  #isSuffering(nowNs: number, pool: number, tenant: number): boolean {
    if (this.#parts.demand.hasItsDue(pool, tenant)) return false;
    const request = this.#parts.schedulers[pool]!.headOf(tenant);
    return this.#parts.recent.isSuffering(pool, tenant, { nowNs, request });
  }

  /** Of the tenants over their share that used the victim's replicas, and are not known yet, the one that grew most. */
  #aggressorOf(pool: number, victim: number, known: readonly Alarm[]): number | undefined {
    const { demand, platform } = this.#parts;
    let aggressor: number | undefined;
    let most = -Infinity;
    for (let tenant = 0; tenant < platform.tenants.length; tenant++) {
      if (tenant === victim || !demand.isOverShare(pool, tenant)) continue;
      if (known.some((alarm) => alarm.aggressor === tenant)) continue;
      const growth = demand.growth(pool, tenant);
      if (growth <= most || !demand.areNeighbours(pool, victim, tenant)) continue;
      most = growth;
      aggressor = tenant;
    }
    return aggressor;
  }
}

/** A sentence, without its full stop, on who suffers from whom. */
export function evidenceWords(
  { tenants, pools }: PlatformConfig,
  given: { victim: number; aggressor: number; pool: number; evidence: Evidence },
): string {
  const { metric, percentile, measuredNs, limitNs, late, lateOf, aggressorShare } = given.evidence;
  const measured =
    measuredNs === undefined
      ? "too few requests to tell it"
      : `${(measuredNs / 1e6).toFixed(0)} ms`;
  return (
    `${tenants[given.victim]!.name} has a P${percentile} ${metric} of ${measured} against ${(limitNs / 1e6).toFixed(0)} ms, ${late} of the last ${lateOf} far over it, while within its share; ` +
    `${tenants[given.aggressor]!.name} asks for ${percent(aggressorShare.asked)} of ${pools[given.pool]!.name}, where ${percent(aggressorShare.due)} is its share`
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

/** The measured percentile as a multiple of its limit; 0 while there is not enough data. */
function excess(window: { readonly limitNs: number; percentileNs(): number | undefined }): number {
  return (window.percentileNs() ?? 0) / window.limitNs;
}
