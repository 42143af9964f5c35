/**
 * What an impossible ask could be changed to. A bound only says what no platform can do; what one can do is simulated: as many GPUs
 * as may be used, in the proportions of the first guess, on fresh runs that go to their end. The limit that is named is one that
 * further runs stay within by Student's prediction limit, so that whoever asks for it gets an answer.
 */
import type { PlanPromise } from "../../results/plan.ts";
import { counted, msText, percentOf } from "../../results/plan-words.ts";
import { promisesOf } from "../promise-meter.ts";
import { predictionOf } from "../statistics/prediction.ts";
import { type Design, priceOf } from "./design.ts";
import type { Horizon, Judge } from "./judge.ts";
import { type PromisePressures, pressuresOf } from "./pressures.ts";
import { fixedGpus } from "./search-sizes.ts";
import type { SearchedDesign } from "./search-outcome.ts";

/** Fresh runs that the prediction comes from. */
const RUNS = 8;
/** Apart from those of the search. */
const SEEDS_APART = 10_000;

export interface AdviceOptions {
  readonly judge: Judge;
  readonly horizon: Horizon;
  readonly confidence: number;
  readonly mostGpus: number;
  /** The promise that a bound rules out; undefined: whichever comes out worst. */
  readonly promise: PlanPromise | undefined;
}

/** In words; none where the budget does not allow the runs. Fails: UnusableInput. */
export async function adviceFor(
  { design, bounds }: SearchedDesign,
  { judge, horizon, confidence, mostGpus, promise }: AdviceOptions,
): Promise<string[]> {
  const first = horizon.seeds[0]! + SEEDS_APART;
  const seeds = Array.from({ length: RUNS }, (_, at) => first + at);
  const fresh = { ...horizon, seeds, mostMissed: RUNS };
  if (!judge.canAfford(fresh)) return [];
  const sizes = largest(design, bounds.guess, mostGpus);
  const tried = await judge.look({ design, sizes }, { horizon: fresh, mayLeave: false });
  judge.countRuns(tried);
  const all = pressuresOf(tried.runs);
  const reached = (one: PromisePressures): number =>
    predictionOf(one.pressures, (1 - confidence) / all.length)?.atMost ?? Infinity;
  const worst = all.toSorted((a, b) => reached(b) - reached(a))[0];
  const asked = promise ?? worst?.promise;
  if (asked === undefined) return [];
  const gpus = counted(priceOf(design, sizes).gpus, "GPU");
  const target = targetOf(design, asked);
  // The objective counts the same requests as late: a limit must do for both.
  const pressure = Math.max(...all.filter((one) => isAbout(one.promise, asked)).map(reached));
  if (target === undefined || pressure === Infinity) {
    return [`nothing by a longer limit alone: with ${gpus} requests of ${asked.tier} are lost`];
  }
  const { metric, limitMs, share } = target;
  const limit = `for ${asked.tier} a P${percentOf(share)} ${metric.toUpperCase()} of ${msText(roundedUp(pressure * limitMs))} or more`;
  return [`${limit}, which ${gpus} (${words(design, sizes)}) stayed within`];
}

/** The target whose limit decides: the promise itself, or of an objective its tier's only target, or else none. */
function targetOf({ scenario }: Design, { tier, metric, share }: PlanPromise) {
  const own = scenario.platform.tiers
    .flatMap(promisesOf)
    .filter((one) => one.tier === tier && one.metric !== null);
  const isAsked = (one: PlanPromise): boolean => one.metric === metric && one.share === share;
  const target =
    own.find(isAsked) ??
    own.find((one) => one.metric === metric) ??
    (own.length === 1 ? own[0] : undefined);
  if (target === undefined || target.metric === null || target.limitMs === null) return undefined;
  return { metric: target.metric, limitMs: target.limitMs, share: target.share };
}

function isAbout(promise: PlanPromise, asked: PlanPromise): boolean {
  return (
    promise.tier === asked.tier &&
    (promise.metric === null || promise.metric === asked.metric || asked.metric === null)
  );
}

/** As many replicas as the GPUs allow, in proportion. */
function largest(design: Design, guess: readonly number[], mostGpus: number): readonly number[] {
  const { sized } = design;
  const own = guess.reduce((sum, size, at) => sum + size * sized[at]!.gpusPerReplica, 0);
  const factor = (mostGpus - fixedGpus(design)) / Math.max(1, own);
  return guess.map((size, at) => {
    const { least, most } = sized[at]!;
    return Math.min(most, Math.max(least, Math.floor(size * factor)));
  });
}

function words({ sized }: Design, sizes: readonly number[]): string {
  return sized.map(({ name }, at) => `${name} ${sizes[at]!}`).join(", ");
}

/** Up to two digits. */
function roundedUp(ms: number): number {
  const unit = 10 ** (Math.floor(Math.log10(ms)) - 1);
  return Math.ceil(ms / unit) * unit;
}
