/**
 * Says whether a platform keeps every promise on as many seeds as a horizon asks for, and keeps the account of it: every platform
 * tried, in order, and how many requests that took. Replications are looked at in the order of their seeds up to the one that
 * decides, so that the account does not depend on how many threads there are. What is left of the budget is the orchestrator's
 * business.
 */
import type { PlanStep, PromiseReading } from "../../results/plan.ts";
import { fitOf, worst as worstFit } from "../meets-slas.ts";
import type { RunReadings } from "../job.ts";
import type { RunWindow } from "../run-window.ts";
import type { Fit } from "../smallest.ts";
import type { Variant } from "../variant.ts";
import type { WorkerPool } from "../worker-pool.ts";
import { type Design, priceOf } from "./design.ts";

/** What every simulation of the search has in common. */
export interface Horizon {
  readonly window: RunWindow | undefined;
  readonly warmupNs: number;
  readonly seeds: readonly number[];
  /** Of the seeds, so many may miss before a platform counts as missing. */
  readonly mostMissed: number;
  /** Part of the run: 1 is the whole. */
  readonly share: number;
}

export interface Candidate {
  readonly design: Design;
  readonly sizes: readonly number[];
}

export interface Tried {
  readonly candidate: Candidate;
  readonly horizon: Horizon;
  readonly fit: Fit;
  /** Of the runs, those that missed. */
  readonly missed: number;
  readonly worst: PromiseReading | null;
  /** Whether every run went to its end: only then is `worst` what it would come to. */
  readonly isWhole: boolean;
  readonly runs: readonly RunReadings[];
}

export interface Look {
  readonly horizon: Horizon;
  /** Other traffic, or replicas that are down. */
  readonly change?: Pick<Variant, "traffic" | "lost">;
  /** False: runs go to their end even where they are certain to miss. */
  readonly mayLeave?: boolean;
}

export interface Ask {
  readonly phase: PlanStep["phase"];
  readonly horizon: Horizon;
}

export interface Work {
  readonly simulations: number;
  readonly requests: number;
}

/** The budget does not allow what comes next. */
export class Spent extends Error {
  override name = "Spent";
}

export class Judge {
  readonly #pool: WorkerPool;
  readonly #onStep: (step: PlanStep) => void;
  readonly path: PlanStep[] = [];
  readonly tried: Tried[] = [];
  /** Requests that may be simulated in all, for now: phases leave something for those after them. */
  limitRequests = Infinity;
  /** Of one whole run, as the traffic was drawn. */
  runRequests = 0;
  #simulations = 0;
  #requests = 0;

  constructor(pool: WorkerPool, onStep: (step: PlanStep) => void) {
    this.#pool = pool;
    this.#onStep = onStep;
  }

  get work(): Work {
    return { simulations: this.#simulations, requests: this.#requests };
  }

  /** Whole runs that the limit still allows. */
  get affordableRuns(): number {
    return Math.max(0, (this.limitRequests - this.#requests) / Math.max(1, this.runRequests));
  }

  canAfford({ share, seeds }: Pick<Horizon, "share" | "seeds">, platforms = 1): boolean {
    return share * seeds.length * platforms <= this.affordableRuns;
  }

  /** Fails: Spent. */
  mustAfford(horizon: Pick<Horizon, "share" | "seeds">, platforms = 1): void {
    if (!this.canAfford(horizon, platforms)) throw new Spent();
  }

  /** Simulates the candidate on every seed of the horizon, or up to the miss that is one too many. Fails: UnusableInput. */
  async judge(candidate: Candidate, ask: Ask): Promise<Tried> {
    const [tried] = await this.judgeAll([candidate], ask);
    return tried!;
  }

  /** Several at a time; the account lists them in their order, whoever is done first. */
  async judgeAll(candidates: readonly Candidate[], ask: Ask): Promise<readonly Tried[]> {
    const all = await Promise.all(candidates.map((candidate) => this.look(candidate, ask)));
    for (const tried of all) {
      this.countRuns(tried);
      this.tried.push(tried);
      this.note(tried, { phase: ask.phase, outcome: outcomeOf(tried), note: "" });
    }
    return all;
  }

  /** As `judge`, for a platform that is no step of the search; whoever asks also counts, in an order of its own. */
  async look(candidate: Candidate, ask: Look): Promise<Tried> {
    const { horizon, change = {}, mayLeave = true } = ask;
    const variant: Variant = { ...variantFor(candidate), ...change, ...cut(horizon) };
    const tasks = horizon.seeds.map((seed) => this.#pool.readings(variant, seed, { mayLeave }));
    const runs: RunReadings[] = [];
    let missed = 0;
    for (const { result } of tasks) {
      const run = await result;
      runs.push(run);
      if (isMissed(run)) missed += 1;
      if (mayLeave && missed > horizon.mostMissed) break;
    }
    if (runs.length < tasks.length) for (const { cancel } of tasks) cancel();
    return triedOf(candidate, horizon, runs);
  }

  /** A simulation made for something else than a verdict. */
  count(requests: number): void {
    this.#simulations += 1;
    this.#requests += requests;
  }

  countRuns({ runs }: Tried): void {
    for (const { requests } of runs) this.count(requests);
  }

  /** A candidate that need not be simulated. */
  exclude(candidate: Candidate, phase: PlanStep["phase"], note: string): void {
    this.#step({
      ...stepOf(candidate),
      phase,
      horizon: 0,
      seeds: 0,
      missed: 0,
      outcome: "excluded",
      worst: null,
      note,
    });
  }

  /** Tells of a platform that was tried, in the account. */
  note(
    { candidate, horizon, runs, missed, worst }: Tried,
    told: Pick<PlanStep, "phase" | "outcome" | "note">,
  ): void {
    const counts = { horizon: horizon.share, seeds: runs.length, missed };
    this.#step({ ...stepOf(candidate), ...told, ...counts, worst });
  }

  #step(step: PlanStep): void {
    this.path.push(step);
    this.#onStep(step);
  }
}

export function keyOf({ design, sizes }: Candidate): string {
  return JSON.stringify([design.overrides, sizes]);
}

/** What some or all runs of a horizon come to. */
export function triedOf(
  candidate: Candidate,
  horizon: Horizon,
  runs: readonly RunReadings[],
): Tried {
  return {
    candidate,
    horizon,
    fit: tolerantFit(runs, horizon.mostMissed),
    missed: runs.filter(isMissed).length,
    worst: worstOf(runs),
    isWhole: runs.length === horizon.seeds.length && runs.every(({ isWhole }) => isWhole),
    runs,
  };
}

export function isMissed({ tiers }: RunReadings): boolean {
  return fitOf(tiers).kind === "missed";
}

/** As the worst run's, of those that may not be overlooked. */
function tolerantFit(runs: readonly RunReadings[], mostMissed: number): Fit {
  const fits = runs.map(({ tiers }) => fitOf(tiers));
  const missed = fits.filter(({ kind }) => kind === "missed");
  if (missed.length > mostMissed) return missed.at(-1)!;
  return worstFit(fits.filter(({ kind }) => kind !== "missed"));
}

function outcomeOf({ fit: { kind } }: Tried): PlanStep["outcome"] {
  return kind === "met" ? "kept" : kind;
}

/** The platform without what a search does to its runs. */
export function variantFor({ design, sizes }: Candidate): Variant {
  const replicas = design.sized.map(({ pool }, at) => [pool, sizes[at]!] as const);
  return { overrides: design.overrides, replicas };
}

function cut({ window, warmupNs }: Horizon): Pick<Variant, "window" | "warmupNs"> {
  return { warmupNs, ...(window !== undefined && { window }) };
}

export function sizesOf({ design, sizes }: Candidate): PlanStep["sizes"] {
  return design.sized.map(({ name }, at) => ({ pool: name, replicas: sizes[at]! }));
}

function stepOf(candidate: Candidate): Pick<PlanStep, "design" | "sizes" | "gpus" | "usdPerHour"> {
  const { gpus, nanoUsdPerHour } = priceOf(candidate.design, candidate.sizes);
  return {
    design: candidate.design.words,
    sizes: sizesOf(candidate),
    gpus,
    usdPerHour: nanoUsdPerHour / 1e9,
  };
}

/** The promise nearest to being broken, in the run in which it was. */
function worstOf(runs: readonly RunReadings[]): PromiseReading | null {
  let worst: PromiseReading | null = null;
  for (const { tiers } of runs) {
    for (const { promises } of tiers) {
      for (const reading of promises) {
        if (worst === null || pressureOf(reading) > pressureOf(worst)) worst = reading;
      }
    }
  }
  return worst;
}

/** Lost requests weigh more than late ones; among promises equally hopeless, the one with more misses. */
export function pressureOf({ pressure, missShare }: PromiseReading): number {
  return pressure ?? LOST + missShare;
}

/** Above every pressure that is measured. */
const LOST = 1e6;
