/**
 * Who suffers now. The SLA windows remember a thousand requests, which is right for a verdict and too slow for whoever must
 * decide whether a remedy works: here, each tenant's requests of the last few checks are held against the alarm limits of its
 * tier, first tokens when they come and not when the request completes, and heads of queues while they still wait.
 */
import type { LatencyMetric, PlatformConfig, SlaTarget } from "../config.ts";
import type { Request } from "../request.ts";
import { latencyNs } from "../sla/latency.ts";

/**
 * Checks over which the share of late requests is taken. Assumed: at 10 requests per second and a check a second, a hundred
 * requests, the fewest that say anything about a P99.
 */
const RECENT_CHECKS = 10;

/** Requests of one target, and those of them over its alarm limit, in a ring of checks. */
interface Counts {
  readonly target: SlaTarget;
  readonly alarmNs: number;
  readonly all: Int32Array;
  readonly late: Int32Array;
}

/** A tenant's counts in one pool, by when a request's latency is known. */
interface TenantCounts {
  readonly atFirstToken: readonly Counts[];
  readonly atEnd: readonly Counts[];
}

export class RecentLatencies {
  readonly #platform: PlatformConfig;
  /** By pool, then tenant; none before its first request. */
  #counts: (TenantCounts | undefined)[][];
  #slot = 0;

  constructor(platform: PlatformConfig) {
    this.#platform = platform;
    this.#counts = platform.pools.map(() => []);
  }

  /** The platform has changed in place, perhaps with other targets: counting starts afresh. */
  reloaded(): void {
    this.#counts = this.#platform.pools.map(() => []);
  }

  /** Its first output token came at `nowNs`. */
  firstToken(nowNs: number, request: Request<unknown>): void {
    this.#add(nowNs, request, this.#countsOf(request).atFirstToken);
  }

  completed(nowNs: number, request: Request<unknown>): void {
    this.#add(nowNs, request, this.#countsOf(request).atEnd);
  }

  /**
   * Whether a request of the tenant was late since the last check, and more of them lately than its percentile allows; or the
   * one at the head of its queue is late already.
   */
  isSuffering(pool: number, tenant: number, head: WaitingHead): boolean {
    if (head.request !== undefined && this.#isLate(head.nowNs, head.request)) return true;
    return everyTarget(this.#counts[pool]![tenant]).some(({ target, all, late }) => {
      const allowed = (1 - target.percentile / 100) * sum(all);
      return late[this.#slot]! > 0 && sum(late) > allowed;
    });
  }

  /** Requests of the last checks and the waiting head, and those among them that are past the target's alarm limit. */
  lately(pool: number, tenant: number, given: { target: SlaTarget; head: WaitingHead }): Lateness {
    const { target, head } = given;
    const counts = everyTarget(this.#counts[pool]![tenant]).find((one) => one.target === target);
    const late = counts === undefined ? 0 : sum(counts.late);
    const of = counts === undefined ? 0 : sum(counts.all);
    const { request } = head;
    if (request === undefined) return { late, of };
    return { late: late + (this.#isLate(head.nowNs, request) ? 1 : 0), of: of + 1 };
  }

  /** The check is over. */
  end(): void {
    this.#slot = (this.#slot + 1) % RECENT_CHECKS;
    for (const pool of this.#counts) {
      for (const counts of pool) {
        for (const { all, late } of everyTarget(counts)) {
          all[this.#slot] = 0;
          late[this.#slot] = 0;
        }
      }
    }
  }

  #add(nowNs: number, request: Request<unknown>, counts: readonly Counts[]): void {
    for (const { target, alarmNs, all, late } of counts) {
      const latency = latencyNs(target.metric, request, nowNs);
      if (latency === undefined) continue;
      all[this.#slot]! += 1;
      if (latency > alarmNs) late[this.#slot]! += 1;
    }
  }

  #countsOf({ pool, tenant }: Request<unknown>): TenantCounts {
    return (this.#counts[pool]![tenant] ??= this.#newCounts(tenant));
  }

  #newCounts(tenant: number): TenantCounts {
    const { tenants, tiers } = this.#platform;
    const counts = tiers[tenants[tenant]!.tier]!.targets.map((target) => ({
      target,
      alarmNs: this.#alarmNs(target),
      all: new Int32Array(RECENT_CHECKS),
      late: new Int32Array(RECENT_CHECKS),
    }));
    return {
      atFirstToken: counts.filter(({ target }) => isKnownAtFirstToken(target.metric)),
      atEnd: counts.filter(({ target }) => !isKnownAtFirstToken(target.metric)),
    };
  }

  /** Whether a waiting request will miss an alarm limit, whatever happens now. */
  #isLate(nowNs: number, request: Request<unknown>): boolean {
    const waitedNs = nowNs - request.arrivalNs;
    const hadFirstToken = !Number.isNaN(request.firstTokenNs);
    return this.#platform.tiers[request.tier]!.targets.some((target) => {
      const isOpen =
        target.metric === "e2e" || (isKnownAtFirstToken(target.metric) && !hadFirstToken);
      return isOpen && waitedNs > this.#alarmNs(target);
    });
  }

  #alarmNs({ limitNs }: SlaTarget): number {
    return limitNs * this.#platform.isolation.victimFactor;
  }
}

interface Lateness {
  readonly late: number;
  readonly of: number;
}

/** The request that the tenant's queue would give next, if any waits. */
export interface WaitingHead {
  readonly nowNs: number;
  readonly request: Request<unknown> | undefined;
}

function isKnownAtFirstToken(metric: LatencyMetric): boolean {
  return metric === "ttft" || metric === "queue";
}

function everyTarget(counts: TenantCounts | undefined): readonly Counts[] {
  return counts === undefined ? [] : [...counts.atFirstToken, ...counts.atEnd];
}

function sum(ring: Int32Array): number {
  let total = 0;
  for (const count of ring) total += count;
  return total;
}
