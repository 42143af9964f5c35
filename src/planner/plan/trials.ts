/**
 * Platforms tried on the search's horizon: each once, within a budget, and judged at a distance from every limit. The distance comes
 * from how much runs differ, which is measured where the search arrives, and grows with every refusal.
 */
import { assert } from "../../base/assert.ts";
import type { PlanStep } from "../../results/plan.ts";
import type { Fit } from "../smallest.ts";
import type { Design } from "./design.ts";
import {
  FIRST_KEPT_AWAY,
  type Guard,
  guardOf,
  MORE_KEPT_AWAY,
  tightPromises,
  wider,
} from "./guard.ts";
import type { Ask, Candidate, Horizon, Judge, Tried } from "./judge.ts";
import { pressuresOf } from "./pressures.ts";
import { badness, priceOfTried } from "./search-sizes.ts";

/** Runs that a spread is measured by: with seven degrees of freedom it is known to within a third. */
const SPREAD_RUNS = 8;

/** The budget ran out. */
export class Spent extends Error {
  override name = "Spent";
}

export class Trials {
  readonly #judge: Judge;
  readonly #horizon: Horizon;
  readonly #known = new Map<string, Promise<Tried>>();
  /** Designs at whose sizes it is known how much runs differ. */
  readonly #measured = new Set<Design>();
  #guard: Guard | undefined;
  /** Nothing more is simulated when so many requests have been, in all. */
  budgetRequests = 0;

  constructor(judge: Judge, horizon: Horizon) {
    this.#judge = judge;
    this.#horizon = horizon;
  }

  /** Undefined before it was measured. */
  get guard(): Guard | undefined {
    return this.#guard;
  }

  /** Asks for more distance from every limit. What was simulated is not simulated again. */
  tighten(): void {
    assert(this.#guard !== undefined, "only what was found can be refused");
    this.#guard = { ...this.#guard, keptAway: this.#guard.keptAway + MORE_KEPT_AWAY };
  }

  /** Fails: Spent. */
  one(candidate: Candidate, phase: PlanStep["phase"]): Promise<Tried> {
    const key = keyOf(candidate);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#judge.work.requests >= this.budgetRequests) throw new Spent();
    const tried = this.#judge.judge(candidate, this.#ask(phase));
    this.#known.set(key, tried);
    return tried;
  }

  /** Several at a time. */
  async all(candidates: readonly Candidate[], phase: PlanStep["phase"]): Promise<readonly Tried[]> {
    const unknown = candidates.filter((candidate) => !this.#known.has(keyOf(candidate)));
    for (const tried of await this.#judge.judgeAll(unknown, this.#ask(phase))) {
      this.#known.set(keyOf(tried.candidate), Promise.resolve(tried));
    }
    return Promise.all(candidates.map((candidate) => this.one(candidate, phase)));
  }

  /** What is kept by too little is taken as missed. */
  fitOf({ fit, runs }: Tried): Fit {
    if (fit.kind !== "met" || this.#guard === undefined) return fit;
    const tight = tightPromises(runs, this.#guard);
    if (tight.length === 0) return fit;
    const all = pressuresOf(runs);
    return { kind: "missed", tiers: [...new Set(tight.map((at) => all[at]!.promise.tier))] };
  }

  isKept(tried: Tried): boolean {
    return this.fitOf(tried).kind === "met";
  }

  /** Whether it is still kept when it is known how much runs of its design differ; measured once per design. */
  async isFirmlyKept(tried: Tried): Promise<boolean> {
    const { design } = tried.candidate;
    if (!this.#measured.has(design)) {
      this.#measured.add(design);
      await this.measure(tried);
    }
    return this.isKept(tried);
  }

  /** Measures how much runs differ there, on more seeds than the search's where those are few. */
  async measure(tried: Tried): Promise<void> {
    const { seeds } = this.#horizon;
    const more = Math.max(0, SPREAD_RUNS - seeds.length);
    const look = await this.#judge.look(tried.candidate, {
      horizon: {
        ...this.#horizon,
        seeds: Array.from({ length: more }, (_, at) => seeds.at(-1)! + 1 + at),
      },
      mayLeave: false,
    });
    this.#judge.countRuns(look);
    const keptAway = this.#guard?.keptAway ?? FIRST_KEPT_AWAY;
    const guard = guardOf([...tried.runs, ...look.runs], keptAway);
    this.#guard = this.#guard === undefined ? guard : wider(this.#guard, guard);
  }

  /** The cheapest of a design that kept its promises. */
  cheapestKept(design: Design): Tried | undefined {
    return this.#ofDesign(design)
      .filter((tried) => this.isKept(tried))
      .toSorted((a, b) => priceOfTried(a) - priceOfTried(b))[0];
  }

  /** What came nearest to its promises, at any price. */
  nearest(design: Design): Tried | undefined {
    return this.#ofDesign(design).toSorted((a, b) => badness(a) - badness(b))[0];
  }

  #ofDesign(design: Design): Tried[] {
    return this.#judge.tried.filter(
      ({ candidate, horizon }) => candidate.design === design && horizon === this.#horizon,
    );
  }

  #ask(phase: PlanStep["phase"]): Ask {
    return { phase, horizon: this.#horizon, isTight: (tried) => !this.isKept(tried) };
  }
}

function keyOf({ design, sizes }: Candidate): string {
  return JSON.stringify([design.overrides, sizes]);
}
