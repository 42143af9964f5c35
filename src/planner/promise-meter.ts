/**
 * How near each promise of a run is to being broken. A promise says that all but so many requests stay within a limit; its
 * pressure is what all but so many did stay within, as a multiple of the limit. Every request counts as results count it. A run
 * that shows only a part of the requests (it was cut short, or left early) is judged by what the whole would allow: misses that
 * are too many already are a miss, whatever would still come.
 */
import { Histogram } from "../base/histogram.ts";
import type { SlaTarget, TierConfig } from "../engine/config.ts";
import { isOwed, type Request } from "../engine/request.ts";
import { latencyNs } from "../engine/sla/latency.ts";
import { SLA_MIN_SAMPLES } from "../engine/sla/sla-window.ts";
import { slaBlock } from "../results/blocks.ts";
import { populatedTiers } from "../results/build-results.ts";
import type { PlanPromise, PromiseReading } from "../results/plan.ts";
import type { SlaBlock } from "../results/results.ts";
import { TenantStats } from "../results/tenant-stats.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { RequestRecord } from "../sim/simulate.ts";

/** Histograms count whole units: millionths of a limit, so that rounding is far below their 0.1 %. */
const UNITS_PER_LIMIT = 1e6;
/** A target's verdict is read off a histogram: what is closer to the limit than this may still be called met. */
const CERTAINLY_OVER = 1.002;
/** Time slices in which a promise's worst moment is looked for; assumed: a day's curve has 24 levels. */
const SLICES = 96;
/** Precision of a slice: 2^5 values, then steps of 3 %. */
const SLICE_BITS = 5;

export interface TierReadings {
  readonly tier: string;
  readonly verdict: SlaBlock["verdict"];
  readonly promises: readonly PromiseReading[];
  /** Per promise, the start of the time slice in which it was worst, as a share of the run; null without an end of time. */
  readonly worstAt: readonly (number | null)[];
  /** Index of the pool whose requests of this tier come nearest to its objective's limit; -1 where nothing was sent. */
  readonly worstPool: number;
}

/** Requests that come in the whole run after its warm-up, by tier; undefined where that depends on the platform. */
export type Arrivals = ReadonlyMap<string, number>;

/** Requests promised to, and what of them was outside. */
class Population {
  readonly promise: PlanPromise;
  readonly #scores = new Histogram();
  #count = 0;
  #over = 0;
  #lost = 0;
  readonly #slices = Array.from({ length: SLICES }, () => new Histogram(SLICE_BITS));

  constructor(promise: PlanPromise) {
    this.promise = promise;
  }

  get count(): number {
    return this.#count;
  }

  /** `score`: the latency as a multiple of the limit; Infinity for a request that was lost. */
  add(score: number, slice: number): void {
    this.#count += 1;
    if (score > 1) this.#over += 1;
    if (score === Infinity) this.#lost += 1;
    else this.#scores.add(score * UNITS_PER_LIMIT);
    this.#slices[slice]!.add(Math.min(score, LARGEST_SCORE) * UNITS_PER_LIMIT);
  }

  get missShare(): number {
    return this.#count === 0 ? 0 : this.#over / this.#count;
  }

  /** What all but the allowed few of `whole` requests are within; null where more than those were lost. */
  pressure(whole: number): number | null {
    const allowed = whole - Math.max(1, Math.ceil(this.promise.share * whole));
    const above = allowed - this.#lost;
    if (above < 0) return null;
    const count = this.#scores.count;
    if (above >= count) return 0;
    // Half a rank back: the quantile's own rounding then lands on the rank that is meant.
    return this.#scores.quantile((count - above - 0.5) / count)! / UNITS_PER_LIMIT;
  }

  /** The slice whose promised quantile is highest, as a share of the run. */
  get worstAt(): number {
    let worst = 0;
    let highest = -1;
    for (const [index, slice] of this.#slices.entries()) {
      const value = slice.quantile(this.promise.share) ?? 0;
      if (value > highest) {
        highest = value;
        worst = index;
      }
    }
    return worst / SLICES;
  }
}

/** Lost requests count as this many limits in a slice: above what is ever measured, within a histogram's range. */
const LARGEST_SCORE = 4000;

interface Tally {
  readonly stats: TenantStats;
  readonly populations: readonly Population[];
  /** The objective's scores, by the pool that the requests were sent to. */
  readonly pools: ReadonlyMap<number, Histogram>;
}

export class PromiseMeter {
  readonly #scenario: Scenario;
  readonly #arrivals: Arrivals | undefined;
  /** Per tier: its counts as results count them, its objective's population, then its targets'. */
  readonly #tiers: readonly Tally[];

  constructor(scenario: Scenario, arrivals: Arrivals | undefined) {
    this.#scenario = scenario;
    this.#arrivals = arrivals;
    this.#tiers = scenario.platform.tiers.map((tier) => ({
      stats: new TenantStats(),
      populations: promisesOf(tier).map((promise) => new Population(promise)),
      pools: new Map(scenario.clients.map(({ pool }) => [pool, new Histogram(SLICE_BITS)])),
    }));
  }

  record({ nowNs, sent, request, outcome, reason }: RequestRecord): void {
    const { platform, clients, simulation } = this.#scenario;
    const client = clients[sent.client]!;
    const index = platform.tenants[client.tenant]!.tier;
    const { targets } = platform.tiers[index]!;
    const { stats, populations, pools } = this.#tiers[index]!;
    const arrivalNs = request?.arrivalNs ?? nowNs;
    const isMeasured = arrivalNs >= simulation.warmupNs;
    if (request === undefined || outcome === "rejected") {
      if (reason === undefined) return;
      stats.reject(reason, isMeasured);
      if (isMeasured && isOwed(reason)) lost(populations, this.#sliceOf(arrivalNs));
      return;
    }
    stats.end(nowNs, request, outcome, { targets, isMeasured });
    if (!isMeasured) return;
    const slice = this.#sliceOf(arrivalNs);
    const score =
      outcome === "completed"
        ? completed(populations, { targets, request, nowNs, slice })
        : lost(populations, slice);
    pools.get(client.pool)!.add(score * UNITS_PER_LIMIT);
  }

  #sliceOf(arrivalNs: number): number {
    const { durationNs } = this.#scenario.simulation;
    if (durationNs === Infinity) return 0;
    return Math.min(SLICES - 1, Math.floor((arrivalNs / durationNs) * SLICES));
  }

  /** Names of the tiers that will miss, whatever still comes. */
  certain(): string[] {
    return this.#judged()
      .filter(({ name, populations }) =>
        populations.some((population) => {
          const whole = this.#arrivals?.get(name);
          if (whole === undefined || population.count < SLA_MIN_SAMPLES) return false;
          const pressure = population.pressure(whole);
          return pressure === null || pressure > CERTAINLY_OVER;
        }),
      )
      .map(({ name }) => name);
  }

  /** After a whole run: its verdicts are those of its results. */
  ofWholeRun(): TierReadings[] {
    return this.#judged().map((tier) => {
      const { verdict, targets, complianceOwed, objective } = slaBlock(tier.stats, tier, 1);
      const isMet = [
        verdict !== "missed" || complianceOwed === null || complianceOwed >= objective,
        ...targets.map((target) => target.verdict !== "missed"),
      ];
      return readingsOf(tier, (population, at) => {
        const pressure = population.pressure(population.count);
        return { pressure: agreeing(pressure, isMet[at]!), isKept: isMet[at]!, verdict };
      });
    });
  }

  /** After a part of a run, judged by the whole run's arrivals. */
  ofPart(): TierReadings[] {
    return this.#judged().map((tier) =>
      readingsOf(tier, (population) => {
        const whole = this.#arrivals?.get(tier.name) ?? population.count;
        const pressure = population.pressure(whole);
        const isKept = pressure !== null && pressure <= 1;
        const isKnown = whole >= SLA_MIN_SAMPLES;
        return { pressure, isKept, verdict: isKnown ? (isKept ? "met" : "missed") : UNKNOWN };
      }),
    );
  }

  #judged(): (TierConfig & Tally)[] {
    const { platform } = this.#scenario;
    return populatedTiers(platform).map((at) => ({ ...platform.tiers[at]!, ...this.#tiers[at]! }));
  }
}

/** A completed request counts for each target whose latency it has, and for the objective by the worst of them, its score. */
function completed(
  [objective, ...others]: readonly Population[],
  ended: {
    readonly targets: readonly SlaTarget[];
    readonly request: Request<unknown>;
    readonly nowNs: number;
    readonly slice: number;
  },
): number {
  const { targets, request, nowNs, slice } = ended;
  let worst = 0;
  for (const [at, { metric, limitNs }] of targets.entries()) {
    const latency = latencyNs(metric, request, nowNs);
    if (latency === undefined) continue;
    const score = Math.min(LARGEST_SCORE, limitNs === 0 ? LARGEST_SCORE : latency / limitNs);
    others[at]!.add(score, slice);
    worst = Math.max(worst, score);
  }
  objective!.add(worst, slice);
  return worst;
}

/** What the platform owed and did not deliver is beyond every limit. */
function lost([objective]: readonly Population[], slice: number): number {
  objective!.add(Infinity, slice);
  return LARGEST_SCORE;
}

const UNKNOWN = "not-enough-data";

interface Judgement {
  readonly pressure: number | null;
  readonly isKept: boolean;
  readonly verdict: SlaBlock["verdict"];
}

function readingsOf(
  { name, objective, populations, pools }: TierConfig & Tally,
  judge: (population: Population, at: number) => Judgement,
): TierReadings {
  const judged = populations.map((population, at) => ({ population, ...judge(population, at) }));
  const verdicts = judged.map(({ verdict }) => verdict);
  return {
    tier: name,
    verdict: verdicts.includes("missed") ? "missed" : verdicts.includes(UNKNOWN) ? UNKNOWN : "met",
    promises: judged.map(({ population, pressure, isKept }) => ({
      promise: population.promise,
      pressure,
      isKept,
      missShare: population.missShare,
    })),
    worstAt: populations.map((population) => population.worstAt),
    worstPool: worstPoolOf(pools, objective),
  };
}

function worstPoolOf(pools: ReadonlyMap<number, Histogram>, share: number): number {
  let worst = -1;
  let highest = -1;
  for (const [pool, scores] of pools) {
    const value = scores.quantile(share);
    if (value === undefined || value <= highest) continue;
    highest = value;
    worst = pool;
  }
  return worst;
}

/** The histogram of scores and the verdict's own may differ in the last tenth of a percent; the verdict is right. */
function agreeing(pressure: number | null, isMet: boolean): number | null {
  if (pressure === null) return null;
  return isMet ? Math.min(1, pressure) : Math.max(JUST_OVER, pressure);
}

const JUST_OVER = 1.0001;

/** The tier's objective, then its targets. */
export function promisesOf({ name: tier, objective, targets }: TierConfig): PlanPromise[] {
  return [
    { tier, kind: "objective", metric: null, share: objective, limitMs: null },
    ...targets.map(({ metric, percentile, limitNs }: SlaTarget): PlanPromise => {
      const share = percentile / 100;
      return { tier, kind: "target", metric, share, limitMs: limitNs / 1e6 };
    }),
  ];
}
