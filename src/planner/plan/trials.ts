/**
 * Platforms tried on the search's horizon: each once, within the budget. What keeps its promises there is good enough to be put to
 * fresh seeds, and no more than that.
 */
import type { PlanStep } from "../../results/plan.ts";
import type { Design } from "./design.ts";
import { type Candidate, type Horizon, type Judge, keyOf, type Tried } from "./judge.ts";
import { badness, priceOfTried } from "./search-sizes.ts";

export class Trials {
  readonly #judge: Judge;
  readonly #horizon: Horizon;
  readonly #known = new Map<string, Promise<Tried>>();
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

  /** A candidate that need not be simulated; told once. */
  exclude(candidate: Candidate, phase: PlanStep["phase"], note: string): void {
    const key = keyOf(candidate);
    if (this.#excluded.has(key)) return;
    this.#excluded.add(key);
    this.#judge.exclude(candidate, phase, note);
  }

  /** What kept its promises, of one design, the cheapest first. */
  kept(design: Design): Tried[] {
    return this.#ofDesign(design)
      .filter(({ fit }) => fit.kind === "met")
      .toSorted((a, b) => priceOfTried(a) - priceOfTried(b));
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
