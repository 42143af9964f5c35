/**
 * What can be said of a design on the back of an envelope, before anything is simulated: latencies that no number of GPUs makes
 * shorter, and replicas that the work takes at least. Ends absurd searches at once, with the reason and what would be possible
 * instead, and gives the others a place to begin.
 */
import { multiplyPrecision } from "../../replica/hardware.ts";
import { type PredictedInput, predictedStepModel } from "../../replica/step-time/predicted.ts";
import type { PoolConfig } from "../../engine/config.ts";
import type { PlanBound, PlanImpossible, PlanPromise } from "../../results/plan.ts";
import { counted, msText, percentOf, promiseLimit } from "../../results/plan-words.ts";
import { GPUS } from "../../scenario/catalogue/gpus.ts";
import { tensorParallelSizes } from "../../scenario/resolve/parallel.ts";
import type { TrafficSurvey } from "../../sim/survey.ts";
import { promisesOf } from "../promise-meter.ts";
import { type Design, priceOf } from "./design.ts";
import { type FloorReading, floorOf, type LoneReplica } from "./latency-floor.ts";
import { guessedReplicas, leastReplicas, poolWork } from "./work-bound.ts";

export interface DesignBounds {
  readonly bounds: readonly PlanBound[];
  /** Undefined: some size may keep every promise. */
  readonly impossible: RuledOutBy | undefined;
  /** Per sized pool: no fewer replicas can do the work, and so many may be near the answer. */
  readonly least: readonly number[];
  readonly guess: readonly number[];
  /** Pools that share their work (a lender and those it lends to), with the replicas that it takes together. */
  readonly groups: readonly { readonly pools: readonly number[]; readonly least: number }[];
}

export interface RuledOutBy extends PlanImpossible {
  /** The promise that no size keeps; undefined where it is the work that is too much. */
  readonly promise?: PlanPromise;
}

/** Misses that a floor alone must exceed the allowed ones by, so that another seed's draws would not say otherwise; assumed. */
const CLEARLY = 1.5;

export function boundsOf(design: Design, survey: TrafficSurvey, mostGpus: number): DesignBounds {
  const latency = latencyBounds(design, survey);
  const size = sizeBounds(design, survey);
  return {
    bounds: [...latency.bounds, ...size.bounds],
    impossible: latency.impossible ?? tooMuchWork(design, size, mostGpus),
    least: size.least,
    guess: size.guess,
    groups: size.groups,
  };
}

/** Work that no size within the limits can do. */
function tooMuchWork(
  design: Design,
  { least, bounds, groups }: Pick<DesignBounds, "least" | "bounds" | "groups">,
  mostGpus: number,
): RuledOutBy | undefined {
  const gpus = Math.max(
    priceOf(design, least).gpus,
    ...groups.map((group) => group.least * smallestReplica(design, group.pools)),
  );
  const words = bounds.map((bound) => bound.words).join("; ");
  if (gpus > mostGpus) {
    return {
      reason: `the work alone takes ${counted(gpus, "GPU")}, and at most ${mostGpus} may be used: ${words}`,
      nearest: [`maxGpus of ${gpus} or more`],
    };
  }
  const at = design.sized.findIndex(({ most }, index) => least[index]! > most);
  const pool = design.sized[at];
  if (pool === undefined) return undefined;
  return {
    reason: `the work alone takes ${counted(least[at]!, "replica")} of ${pool.name}, and at most ${pool.most} may be used: ${words}`,
    nearest: [`plan.pools.${pool.name}.max of ${least[at]} or more`],
  };
}

/** GPUs of one replica of these pools at least. */
function smallestReplica({ scenario }: Design, pools: readonly number[]): number {
  return Math.min(...pools.map((pool) => scenario.platform.pools[pool]!.gpusPerReplica));
}

function latencyBounds(
  design: Design,
  survey: TrafficSurvey,
): { readonly bounds: readonly PlanBound[]; readonly impossible: RuledOutBy | undefined } {
  const bounds: PlanBound[] = [];
  let impossible: RuledOutBy | undefined;
  for (const { tier, promise, all } of judgedPromises(design)) {
    for (const { metric, limitNs } of tier.targets) {
      if (promise.metric !== null && promise.metric !== metric) continue;
      const asked = { promise, metric, limitMs: limitNs / 1e6 };
      const floor = floorOf(design.scenario, survey, asked);
      if (floor === undefined || floor.floorMs === 0) continue;
      const isImpossible = floor.overShare > CLEARLY * (1 - promise.share);
      const limit = promiseLimit({ ...promise, metric, limitMs: limitNs / 1e6 }, all);
      const words = floorWords(design, floor, { metric, share: promise.share });
      const bound: PlanBound = {
        design: design.words,
        kind: "latency",
        pool: design.scenario.platform.pools[floor.pool]!.name,
        promise,
        leastReplicas: null,
        isImpossible,
        words: isImpossible ? `${limit} cannot be met: ${words}` : `${limit}: ${words}`,
      };
      bounds.push(bound);
      if (isImpossible && impossible === undefined) {
        const nearest = elsewhere(design, survey, asked);
        impossible = { reason: bound.words, nearest, promise: { ...promise, metric } };
      }
    }
  }
  return { bounds, impossible };
}

/** Every promise of a tier that somebody sends to, the targets before the objective that is stricter. */
function judgedPromises({ scenario }: Design) {
  const { platform, clients } = scenario;
  const all = platform.tiers.flatMap(promisesOf);
  const sending = new Set(clients.map(({ tenant }) => platform.tenants[tenant]!.tier));
  return platform.tiers.flatMap((tier, index) => {
    if (!sending.has(index)) return [];
    const [objective, ...targets] = promisesOf(tier);
    return [...targets, objective!].map((promise) => ({ tier, promise, all }));
  });
}

function floorWords(
  { scenario }: Design,
  { floorMs, promptTokens, outputTokens, pool }: FloorReading,
  { metric, share }: { readonly metric: string; readonly share: number },
): string {
  const { gpu, gpusPerReplica } = scenario.platform.pools[pool]!;
  const where = gpusPerReplica === 1 ? gpu.name : `${gpusPerReplica} x ${gpu.name}`;
  const percent = percentOf(share);
  switch (metric) {
    case "ttft":
      return `prefill alone takes ${msText(floorMs)} on ${where} at the P${percent} prompt of ${promptTokens} tokens`;
    case "tpot":
      return `a step alone takes ${msText(floorMs)} on ${where} at a context of ${promptTokens} tokens`;
    default:
      return `prefill and decoding alone take ${msText(floorMs)} on ${where} for ${promptTokens} prompt and ${outputTokens} output tokens, the P${percent}`;
  }
}

/** Other ways worth naming, at most; replicas of more GPUs than a machine has are not among them. */
const MOST_NAMED = 3;
const MOST_IN_MACHINE = 8;

/** Where a lone request is within the limit: a bound again, and no promise that queues would leave it there. */
function elsewhere(
  { scenario }: Design,
  survey: TrafficSurvey,
  asked: Parameters<typeof floorOf>[2],
): string[] {
  const own = floorOf(scenario, survey, asked)!;
  const others = alternatives(scenario.platform.pools[own.pool]!).flatMap(({ words, replica }) => {
    const floor = floorOf(scenario, survey, { ...asked, replicaOf: () => replica });
    return floor !== undefined && floor.floorMs < asked.limitMs
      ? [`perhaps on ${words}, where a lone request takes ${msText(floor.floorMs)} (not tried)`]
      : [];
  });
  return others.slice(0, MOST_NAMED);
}

function alternatives(
  pool: PoolConfig,
): readonly { readonly words: string; readonly replica: LoneReplica }[] {
  const { model, gpu, maxNumSeqs, maxNumBatchedTokens } = pool;
  const own = {
    tensorParallel: pool.tensorParallel,
    dataParallel: pool.dataParallel,
    expertParallel: pool.expertParallel,
  };
  const replica = (given: Omit<PredictedInput, "maxNumSeqs">): LoneReplica => {
    return { stepModel: predictedStepModel({ ...given, maxNumSeqs }), maxNumBatchedTokens };
  };
  const more = tensorParallelSizes(model).filter(
    (size) => size > own.tensorParallel && size <= MOST_IN_MACHINE,
  );
  const faster = [...GPUS.values()]
    .map(({ spec }) => spec)
    .filter(({ name, flopsPerS }) => name !== gpu.name && flopsPerS[multiplyPrecision(model)] > 0);
  return [
    ...more.map((tensorParallel) => ({
      words: `tensorParallel ${tensorParallel}`,
      replica: replica({ model, gpu, parallel: { ...own, tensorParallel } }),
    })),
    ...faster.map((other) => ({
      words: other.name,
      replica: replica({ model, gpu: other, parallel: own }),
    })),
  ];
}

function sizeBounds(
  { scenario, sized, words }: Design,
  survey: TrafficSurvey,
): Pick<DesignBounds, "bounds" | "least" | "guess" | "groups"> {
  const { platform } = scenario;
  const works = platform.pools.map((_, pool) => poolWork(scenario, survey, pool));
  const lenders = [...platform.pools.keys()].filter((pool) => platform.pools[pool]!.lend);
  const isHelped = (pool: number): boolean =>
    platform.pools[pool]!.owner === undefined &&
    lenders.some(
      (lender) => platform.pools[lender]!.model.name === platform.pools[pool]!.model.name,
    );
  const clamp = (at: number, replicas: number): number =>
    Math.min(sized[at]!.most, Math.max(sized[at]!.least, replicas));
  const least = sized.map(({ pool }, at) => {
    return Math.max(sized[at]!.least, isHelped(pool) ? 1 : leastReplicas(works[pool]!));
  });
  const alone = sized.map(({ pool }, at) => clamp(at, guessedReplicas(works[pool]!)));
  // What lenders are likely to leave idle serves the others.
  const spare = lenders.reduce((sum, lender) => {
    const at = sized.findIndex(({ pool }) => pool === lender);
    const replicas = at === -1 ? platform.pools[lender]!.replicas : alone[at]!;
    return sum + Math.max(0, replicas - works[lender]!.peak);
  }, 0);
  const guess = alone.map((replicas, at) =>
    isHelped(sized[at]!.pool) ? clamp(at, Math.ceil(replicas - spare)) : replicas,
  );
  const group = [...lenders, ...platform.pools.keys()].filter(
    (pool, at, all) => all.indexOf(pool) === at && (lenders.includes(pool) || isHelped(pool)),
  );
  const together = leastReplicas({
    ...works[0]!,
    mean: group.reduce((sum, pool) => sum + works[pool]!.mean, 0),
  });
  return {
    least,
    guess,
    groups: lenders.length === 0 ? [] : [{ pools: group, least: together }],
    bounds: sized.map(({ pool, name }, at): PlanBound => {
      const { mean, peak, batch } = works[pool]!;
      return {
        design: words,
        kind: "work",
        pool: name,
        promise: null,
        leastReplicas: least[at]!,
        isImpossible: false,
        words: `${name}: the work keeps ${busyText(mean)} replicas busy, ${busyText(peak)} at the peak, at batches of up to ${batch}`,
      };
    }),
  };
}

function busyText(replicas: number): string {
  return String(Number(replicas.toPrecision(3)));
}
