/**
 * Records a run in at most 240 equal slices without knowing how long it will be: when they are full, neighbours are merged and
 * slices become twice as long. Latency per slice is kept in coarse histograms (3 %), made only where there are samples.
 */
import { Histogram } from "../base/histogram.ts";
import type { Timeline } from "./results.ts";

const MAX_SLICES = 240;
const FIRST_SLICE_NS = 250_000_000;
/** 16 buckets per doubling, in units of 100 us. */
const SLICE_BITS = 5;
const NS_PER_UNIT = 100_000;

interface TenantSlice {
  arrived: number;
  completed: number;
  rejected: number;
  queued: number;
  ttft: Histogram | undefined;
}

/** A pool's state at the end of a slice. Busy and provisioned time and computed tokens are cumulative over its replicas. */
export interface PoolSample {
  readonly busyNs: number;
  readonly provisionedNs: number;
  readonly tokens: number;
  readonly running: number;
  readonly queued: number;
  readonly replicasUp: number;
  readonly provisioned: number;
  /** Replicas that the load calls for; undefined where the pool does not scale. */
  readonly needed: number | undefined;
}

interface Slice {
  readonly tenants: TenantSlice[];
  pools: readonly PoolSample[];
}

export interface TimelineNames {
  readonly tenants: readonly string[];
  readonly pools: readonly { readonly name: string }[];
}

export class TimelineRecorder {
  #names: TimelineNames;
  #slices: Slice[] = [];
  #open: Slice;
  #sliceNs = FIRST_SLICE_NS;

  constructor(names: TimelineNames) {
    this.#names = names;
    this.#open = this.#newSlice();
  }

  /** When `close` should be called next. */
  get nextSampleNs(): number {
    return (this.#slices.length + 1) * this.#sliceNs;
  }

  /** Tenants that joined while the run went on: nothing of them happened before. */
  addTenants(names: readonly string[]): void {
    this.#names = { ...this.#names, tenants: [...this.#names.tenants, ...names] };
    for (const slice of [...this.#slices, this.#open]) {
      slice.tenants.push(...names.map(emptyTenantSlice));
    }
  }

  arrived(tenant: number): void {
    this.#open.tenants[tenant]!.arrived += 1;
  }

  completed(tenant: number): void {
    this.#open.tenants[tenant]!.completed += 1;
  }

  rejected(tenant: number): void {
    this.#open.tenants[tenant]!.rejected += 1;
  }

  ttft(tenant: number, ttftNs: number): void {
    const slice = this.#open.tenants[tenant]!;
    slice.ttft ??= new Histogram(SLICE_BITS);
    slice.ttft.add(ttftNs / NS_PER_UNIT);
  }

  /** Ends the open slice with the platform's state at that moment. */
  close(queuedByTenant: readonly number[], pools: readonly PoolSample[]): void {
    for (const [tenant, queued] of queuedByTenant.entries()) {
      this.#open.tenants[tenant]!.queued = queued;
    }
    this.#open.pools = pools;
    this.#slices.push(this.#open);
    this.#open = this.#newSlice();
    if (this.#slices.length < MAX_SLICES) return;
    this.#slices = pairs(this.#slices).map(([first, second]) => mergeSlices(first, second));
    this.#sliceNs *= 2;
  }

  /** `endNs`: when the run ended, which is seldom at the end of a slice. */
  build(endNs: number): Timeline {
    const slices = this.#slices;
    const seconds = this.#sliceNs / 1e9;
    const lengthNs = (index: number) =>
      Math.max(1, Math.min(this.#sliceNs, endNs - index * this.#sliceNs));
    const perTenant = (tenant: number, value: (slice: TenantSlice) => number | null) =>
      slices.map(({ tenants }) => value(tenants[tenant]!));
    const rate = (tenant: number, what: "arrived" | "completed" | "rejected") =>
      slices.map(({ tenants }, index) => round(tenants[tenant]![what] / (lengthNs(index) / 1e9)));
    const quantile = (tenant: number, share: number) =>
      perTenant(tenant, ({ ttft }) => {
        const units = ttft?.quantile(share);
        return units === undefined ? null : round((units * NS_PER_UNIT) / 1e6);
      });
    return {
      sliceSeconds: seconds,
      startS: slices.map((_, index) => index * seconds),
      tenants: this.#names.tenants.map((name, tenant) => ({
        name,
        arrivedPerS: rate(tenant, "arrived"),
        completedPerS: rate(tenant, "completed"),
        rejectedPerS: rate(tenant, "rejected"),
        ttftMsP50: quantile(tenant, 0.5),
        ttftMsP99: quantile(tenant, 0.99),
        queued: slices.map(({ tenants }) => tenants[tenant]!.queued),
      })),
      pools: this.#names.pools.map(({ name }, pool) => ({
        name,
        busy: slices.map(({ pools }, index) => {
          const before = slices[index - 1]?.pools[pool];
          const busyNs = pools[pool]!.busyNs - (before?.busyNs ?? 0);
          const provisionedNs = pools[pool]!.provisionedNs - (before?.provisionedNs ?? 0);
          return provisionedNs > 0 ? round(busyNs / provisionedNs) : 0;
        }),
        tokensPerS: slices.map(({ pools }, index) => {
          const before = index === 0 ? 0 : slices[index - 1]!.pools[pool]!.tokens;
          return round((pools[pool]!.tokens - before) / (lengthNs(index) / 1e9));
        }),
        running: slices.map(({ pools }) => pools[pool]!.running),
        queued: slices.map(({ pools }) => pools[pool]!.queued),
        replicasUp: slices.map(({ pools }) => pools[pool]!.replicasUp),
        replicasProvisioned: slices.map(({ pools }) => pools[pool]!.provisioned),
        replicasNeeded: slices.map(({ pools }) => rounded(pools[pool]!.needed)),
      })),
    };
  }

  #newSlice(): Slice {
    return { tenants: this.#names.tenants.map(emptyTenantSlice), pools: [] };
  }
}

function emptyTenantSlice(): TenantSlice {
  return { arrived: 0, completed: 0, rejected: 0, queued: 0, ttft: undefined };
}

function pairs(slices: readonly Slice[]): [Slice, Slice][] {
  const result: [Slice, Slice][] = [];
  for (let index = 0; index + 1 < slices.length; index += 2) {
    result.push([slices[index]!, slices[index + 1]!]);
  }
  return result;
}

/** Counts add up; states are those at the end of the second. */
function mergeSlices(first: Slice, second: Slice): Slice {
  for (const [tenant, slice] of second.tenants.entries()) {
    const earlier = first.tenants[tenant]!;
    slice.arrived += earlier.arrived;
    slice.completed += earlier.completed;
    slice.rejected += earlier.rejected;
    if (earlier.ttft === undefined) continue;
    if (slice.ttft === undefined) slice.ttft = earlier.ttft;
    else slice.ttft.merge(earlier.ttft);
  }
  return second;
}

function rounded(value: number | undefined): number | null {
  return value === undefined ? null : round(value);
}

/** Six decimals: enough for any chart, and no noise in the file. */
function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
