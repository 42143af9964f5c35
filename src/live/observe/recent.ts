/**
 * The last ten minutes in slices of two seconds: what arrived, was refused and completed, what waited, and time to first
 * token per tier and tenant. A slice that has ended keeps its percentiles and not its samples, so that memory does not
 * depend on the traffic. Latencies are within 3 %.
 */
import { Histogram } from "../../base/histogram.ts";
import type { PlatformConfig } from "../../engine/config.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Admission, Outcome } from "../../engine/request.ts";
import type { LiveRequest } from "../backends/backend.ts";
import type { Exchange } from "../exchange.ts";

export const SLICE_S = 2;
export const MOST_SLICES = 300;
/** Slices behind a tier's present latency: the last minute. */
const PRESENT_SLICES = 30;
/** Overdue requests are counted up to here: beyond it nobody asks how many. */
const MOST_OVERDUE = 10_000;
/** 16 buckets per doubling, in units of 100 us: within 3 %. */
const BITS = 5;
const NS_PER_UNIT = 100_000;

export interface TierSlice {
  arrived: number;
  rejected: number;
  completed: number;
  outputTokens: number;
  /** At the end of the slice, or now. */
  queued: number;
  running: number;
  /** Of the requests that got their first token in the slice; null without any. */
  ttftMsP50: number | null;
  ttftMsP99: number | null;
}

export interface RecentSlice {
  /** Counts up from the start of the run; slice n begins at n x SLICE_S. */
  readonly index: number;
  readonly tiers: TierSlice[];
  /** Tenants with a first token in the slice: index and P99 of its TTFT, ms. */
  ttftMsP99ByTenant: (readonly [tenant: number, ms: number])[];
}

/** A tier's latency over the last minute. */
export interface PresentLatency {
  readonly requests: number;
  readonly ttftMsP50: number | null;
  readonly ttftMsP99: number | null;
}

export class RecentActivity {
  #platform: PlatformConfig;
  /** Ended slices, oldest first; the open one is apart. */
  #slices: RecentSlice[] = [];
  #open: RecentSlice;
  #tenants = new Map<number, Histogram>();
  #tiers: Histogram[];
  /** The tiers' histograms of the last slices, for the present latency. */
  #lastTiers: Histogram[][] = [];
  /** Per tier: requests without a first token yet, in order of arrival. */
  readonly #waiting: Set<LiveRequest>[];

  constructor(platform: PlatformConfig) {
    this.#platform = platform;
    this.#open = this.#newSlice(0, undefined);
    this.#tiers = platform.tiers.map(() => new Histogram(BITS));
    this.#waiting = platform.tiers.map(() => new Set());
  }

  /** All slices, the open one last, as it is so far. */
  slices(): readonly RecentSlice[] {
    return [...this.#slices, this.newest()];
  }

  /** The open slice as it is so far. */
  newest(): RecentSlice {
    this.#summarise();
    return this.#open;
  }

  present(tier: number): PresentLatency {
    const all = new Histogram(BITS);
    for (const tiers of this.#lastTiers) all.merge(tiers[tier]!);
    all.merge(this.#tiers[tier]!);
    return { requests: all.count, ...percentiles(all) };
  }

  /**
   * Requests of a tier that have waited longer than `limitNs` for their first token: they have missed it already, and no
   * percentile of first tokens knows of them.
   */
  overdue(tier: number, nowNs: number, limitNs: number): number {
    let overdue = 0;
    for (const { arrivalNs } of this.#waiting[tier]!) {
      if (nowNs - arrivalNs <= limitNs || overdue === MOST_OVERDUE) break;
      overdue += 1;
    }
    return overdue;
  }

  submitted(nowNs: number, tenant: number, admission: Admission<Exchange>): void {
    const slice = this.#tierSlice(nowNs, this.#platform.tenants[tenant]!.tier);
    slice.arrived += 1;
    if (admission.kind === "rejected") {
      slice.rejected += 1;
      return;
    }
    const { request } = admission;
    if (request.state !== "ended") this.#waiting[request.tier]!.add(request);
  }

  firstToken(nowNs: number, request: LiveRequest): void {
    this.#advance(nowNs);
    this.#waiting[request.tier]!.delete(request);
    const units = (request.firstTokenNs - request.arrivalNs) / NS_PER_UNIT;
    let histogram = this.#tenants.get(request.tenant);
    if (histogram === undefined) {
      histogram = new Histogram(BITS);
      this.#tenants.set(request.tenant, histogram);
    }
    histogram.add(units);
    this.#tiers[request.tier]!.add(units);
  }

  ended(nowNs: number, request: LiveRequest, outcome: Outcome): void {
    this.#waiting[request.tier]!.delete(request);
    const slice = this.#tierSlice(nowNs, request.tier);
    slice.outputTokens += request.outputTokens;
    if (outcome === "completed") slice.completed += 1;
  }

  reloaded(platform: PlatformConfig): void {
    this.#platform = platform;
  }

  /** Notes what waits and runs now. */
  sample(nowNs: number, engine: Engine<Exchange>): void {
    this.#advance(nowNs);
    for (const slice of this.#open.tiers) {
      slice.queued = 0;
      slice.running = 0;
    }
    for (const [tenant, { tier, pools }] of this.#platform.tenants.entries()) {
      const slice = this.#open.tiers[tier]!;
      for (const pool of pools) {
        slice.queued += engine.schedulers[pool]!.queuedOf(tenant);
        slice.running += engine.schedulers[pool]!.boundByTenant[tenant]!;
      }
    }
  }

  #tierSlice(nowNs: number, tier: number): TierSlice {
    this.#advance(nowNs);
    return this.#open.tiers[tier]!;
  }

  /** Ends the slices that are over; a stretch in which nothing happened leaves empty ones, at most as many as are kept. */
  #advance(nowNs: number): void {
    const index = Math.floor(nowNs / 1e9 / SLICE_S);
    if (index <= this.#open.index) return;
    for (let next = Math.max(this.#open.index + 1, index - MOST_SLICES); next <= index; next++) {
      this.#summarise();
      this.#slices.push(this.#open);
      this.#open = this.#newSlice(next, this.#open);
      this.#lastTiers.push(this.#tiers);
      this.#tiers = this.#platform.tiers.map(() => new Histogram(BITS));
      this.#tenants = new Map();
      if (this.#lastTiers.length >= PRESENT_SLICES) this.#lastTiers.shift();
    }
    this.#slices = this.#slices.slice(1 - MOST_SLICES);
  }

  #summarise(): void {
    for (const [tier, slice] of this.#open.tiers.entries()) {
      Object.assign(slice, percentiles(this.#tiers[tier]!));
    }
    this.#open.ttftMsP99ByTenant = [...this.#tenants].map(([tenant, histogram]) => [
      tenant,
      percentiles(histogram).ttftMsP99!,
    ]);
  }

  #newSlice(index: number, before: RecentSlice | undefined): RecentSlice {
    const tiers = this.#platform.tiers.map((_, tier) => ({
      arrived: 0,
      rejected: 0,
      completed: 0,
      outputTokens: 0,
      queued: before?.tiers[tier]?.queued ?? 0,
      running: before?.tiers[tier]?.running ?? 0,
      ttftMsP50: null,
      ttftMsP99: null,
    }));
    return { index, tiers, ttftMsP99ByTenant: [] };
  }
}

function percentiles(histogram: Histogram): Omit<PresentLatency, "requests"> {
  const ms = (share: number): number | null => {
    const units = histogram.quantile(share);
    return units === undefined ? null : Math.round((units * NS_PER_UNIT) / 1e3) / 1e3;
  };
  return { ttftMsP50: ms(0.5), ttftMsP99: ms(0.99) };
}
