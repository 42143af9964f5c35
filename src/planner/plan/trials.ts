/**
 * Platforms tried on the search's horizon: each once, within the budget. What keeps its promises there is good enough to be offered
 * to fresh seeds, and no more than that; what fresh seeds did not confirm is not good enough any more, whatever the search's seeds
 * say.
 */
import type { PlanStep } from "../../results/plan.ts";
import type { Fit } from "../smallest.ts";
import type { Design } from "./design.ts";
import type { Candidate, Horizon, Judge, Tried } from "./judge.ts";
import { badness, priceOfTried } from "./search-sizes.ts";

export class Trials {
  readonly #judge: Judge;
  readonly #horizon: Horizon;
  readonly #known = new Map<string, Promise<Tried>>();
  /** What fresh seeds said against platforms that the search found. */
  readonly #refused = new Map<string, Fit>();
  readonly #excluded = new Set<string>();

  constructor(judge: Judge, horizon: Horizon) {
    this.#judge = judge;
    this.#horizon = horizon;
  }

  /** Fails: Spent. */
  one(candidate: Candidate, phase: PlanStep["phase"]): Promise<Tried> {
    const key = keyOf(candidate);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#judge.mustAfford(this.#horizon);
    const tried = this.#judge.judge(candidate, { phase, horizon: this.#horizon });
    this.#known.set(key, tried);
    return tried;
  }

  /** Several at a time. Fails: Spent. */
  async all(candidates: readonly Candidate[], phase: PlanStep["phase"]): Promise<readonly Tried[]> {
    const unknown = candidates.filter((candidate) => !this.#known.has(keyOf(candidate)));
    this.#judge.mustAfford(this.#horizon, unknown.length);
    const ask = { phase, horizon: this.#horizon };
    for (const tried of await this.#judge.judgeAll(unknown, ask)) {
      this.#known.set(keyOf(tried.candidate), Promise.resolve(tried));
    }
    return Promise.all(candidates.map((candidate) => this.one(candidate, phase)));
  }

  /** Fresh seeds have not confirmed it; `tiers` are those that missed there. */
  refuse(candidate: Candidate, tiers: readonly string[]): void {
    this.#refused.set(keyOf(candidate), { kind: "missed", tiers });
  }

  /** A candidate that need not be simulated; told once. */
  exclude(candidate: Candidate, phase: PlanStep["phase"], note: string): void {
    const key = keyOf(candidate);
    if (this.#excluded.has(key)) return;
    this.#excluded.add(key);
    this.#judge.exclude(candidate, phase, note);
  }

  fitOf({ candidate, fit }: Tried): Fit {
    return this.#refused.get(keyOf(candidate)) ?? fit;
  }

  isKept(tried: Tried): boolean {
    return this.fitOf(tried).kind === "met";
  }

  /** The cheapest of a design that kept its promises. */
  cheapestKept(design: Design): Tried | undefined {
    return this.#ofDesign(design)
      .filter((tried) => this.isKept(tried))
      .toSorted((a, b) => priceOfTried(a) - priceOfTried(b))[0];
  }

  /** Of what missed on the search's own seeds, the one that came nearest to its promises. */
  nearest(design: Design): Tried | undefined {
    return this.#ofDesign(design)
      .filter(({ fit }) => fit.kind !== "met")
      .toSorted((a, b) => badness(a) - badness(b))[0];
  }

  #ofDesign(design: Design): Tried[] {
    return this.#judge.tried.filter(
      ({ candidate, horizon }) => candidate.design === design && horizon === this.#horizon,
    );
  }
}

function keyOf({ design, sizes }: Candidate): string {
  return JSON.stringify([design.overrides, sizes]);
}
