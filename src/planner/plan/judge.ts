/**
 * Says whether a platform keeps every promise on the search's seeds, and keeps the account of it: every platform tried, in
 * order, and how many requests that took. Replications are looked at in the order of their seeds up to the first that misses, so
 * that the account does not depend on how many threads there are. What is left over of the budget is the orchestrator's business.
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
  readonly note?: string;
  /** Whether a platform that keeps its promises keeps them by too little. */
  readonly isTight?: (tried: Tried) => boolean;
}

export interface Work {
  readonly simulations: number;
  readonly requests: number;
}

export class Judge {
  readonly #pool: WorkerPool;
  readonly #onStep: (step: PlanStep) => void;
  readonly path: PlanStep[] = [];
  readonly tried: Tried[] = [];
  #simulations = 0;
  #requests = 0;

  constructor(pool: WorkerPool, onStep: (step: PlanStep) => void) {
    this.#pool = pool;
    this.#onStep = onStep;
  }

  get work(): Work {
    return { simulations: this.#simulations, requests: this.#requests };
  }

  /** Simulates the candidate on every seed of the horizon, or up to the first that misses. Fails: UnusableInput. */
  async judge(candidate: Candidate, ask: Ask): Promise<Tried> {
    const [tried] = await this.judgeAll([candidate], ask);
    return tried!;
  }

  /** Several at a time; the account lists them in their order, whoever is done first. */
  async judgeAll(candidates: readonly Candidate[], ask: Ask): Promise<readonly Tried[]> {
    const all = await Promise.all(candidates.map((candidate) => this.look(candidate, ask)));
    for (const tried of all) this.#note(tried, ask);
    return all;
  }

  /** As `judge`, for a platform that is no step of the search; whoever asks also counts, in an order of its own. */
  async look(candidate: Candidate, ask: Look): Promise<Tried> {
    const { horizon, change = {}, mayLeave = true } = ask;
    const variant: Variant = { ...variantFor(candidate), ...change, ...cut(horizon) };
    const tasks = horizon.seeds.map((seed) => this.#pool.readings(variant, seed, { mayLeave }));
    const runs: RunReadings[] = [];
    for (const { result } of tasks) {
      const run = await result;
      runs.push(run);
      if (mayLeave && fitOf(run.tiers).kind === "missed") break;
    }
    if (runs.length < tasks.length) for (const { cancel } of tasks) cancel();
    return {
      candidate,
      horizon,
      fit: worstFit(runs.map(({ tiers }) => fitOf(tiers))),
      worst: worstOf(runs),
      isWhole: runs.length === tasks.length && runs.every(({ isWhole }) => isWhole),
      runs,
    };
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
      outcome: "excluded",
      worst: null,
      note,
    });
  }

  #note(tried: Tried, { phase, horizon, note = "", isTight }: Ask): void {
    this.countRuns(tried);
    this.tried.push(tried);
    const { kind } = tried.fit;
    const kept = isTight?.(tried) === true ? "tight" : "kept";
    this.#step({
      ...stepOf(tried.candidate),
      phase,
      horizon: horizon.share,
      seeds: tried.runs.length,
      outcome: kind === "met" ? kept : kind,
      worst: tried.worst,
      note,
    });
  }

  #step(step: PlanStep): void {
    this.path.push(step);
    this.#onStep(step);
  }
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
