/**
 * How far a plan is, as a share that never goes back: each phase has its part, and fills it by what it has simulated against what
 * it usually takes. A guess, for a progress bar; no answer depends on it.
 */

export type PlanPhase = "bounds" | "search" | "confirm" | "sensitivity";

export interface PlanProgress {
  readonly phase: PlanPhase;
  readonly share: number;
  readonly simulations: number;
}

interface Part {
  readonly from: number;
  readonly to: number;
  /** Platforms tried, and whole runs, that the phase usually takes. */
  readonly trials: number;
  readonly runs: number;
}

/** As counted in plans of the shipped scenarios; a phase that takes longer waits at its end. */
const PARTS: Readonly<Record<PlanPhase, Part>> = {
  bounds: { from: 0, to: 0.02, trials: 1, runs: 0 },
  search: { from: 0.02, to: 0.5, trials: 32, runs: 0 },
  confirm: { from: 0.5, to: 0.8, trials: 0, runs: 12 },
  sensitivity: { from: 0.8, to: 0.99, trials: 34, runs: 1 },
};

export class ProgressShare {
  #phase: PlanPhase = "bounds";
  #begunAt = 0;
  #share = 0;
  /** Requests of one platform tried, and of one whole run. */
  #trialRequests = 1;
  #runRequests = 1;

  get phase(): PlanPhase {
    return this.#phase;
  }

  expect(trialRequests: number, runRequests: number): void {
    this.#trialRequests = Math.max(1, trialRequests);
    this.#runRequests = Math.max(1, runRequests);
  }

  enter(phase: PlanPhase, requests: number): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.#begunAt = requests;
  }

  /** The share done, when so many requests have been simulated in all. */
  at(requests: number): number {
    const { from, to, trials, runs } = PARTS[this.#phase];
    const usual = trials * this.#trialRequests + runs * this.#runRequests;
    const filled = Math.min(1, (requests - this.#begunAt) / usual);
    this.#share = Math.max(this.#share, from + (to - from) * filled);
    return this.#share;
  }
}
