/**
 * The search proper: a platform that works, the design that holds out longest below its price, the cheapest sizes of that design,
 * and then whether any other has something cheaper. Designs that cannot beat the best are done with after a trial or none.
 */
import { counted } from "../../results/plan-words.ts";
import type { PlanStep } from "../../results/plan.ts";
import { type Fit, smallestSizes } from "../smallest.ts";
import { cheaperThan } from "./cheapest.ts";
import type { Design } from "./design.ts";
import { type Candidate, type Judge, Spent, type Tried } from "./judge.ts";
import { leastPrice, mostPromising, raced } from "./race.ts";
import type {
  OtherDesign,
  SearchedDesign,
  SearchOptions,
  SearchOutcome,
} from "./search-outcome.ts";
import {
  cheaperLike,
  fixedGpus,
  pricedPools,
  priceOfTried,
  repaired,
  replicasOf,
} from "./search-sizes.ts";
import { Trials } from "./trials.ts";

/** Replicas added one by one to a platform that fresh seeds did not confirm, at most: beyond them its sizes are searched anew. */
const MOST_REPAIRS = 6;
/** Factor between sizes tried; small, for a platform far too small takes longest to simulate, and guesses are near. */
const SIZE_STEP = 1.2;

export class Search {
  readonly #judge: Judge;
  readonly #options: SearchOptions;
  readonly #trials: Trials;
  #order: readonly SearchedDesign[] | undefined;
  /** Where the last search arrived. */
  #last: Tried | undefined;
  #best: Tried | undefined;
  #isProven = true;
  #others: OtherDesign[] = [];
  /** By short runs, before everything else. */
  #dropped: readonly OtherDesign[] = [];
  readonly #unknown = new Set<string>();

  constructor(judge: Judge, options: SearchOptions) {
    this.#judge = judge;
    this.#options = options;
    this.#trials = new Trials(judge, options.horizon);
  }

  /** Fresh seeds have not confirmed it, for these tiers missed there: the next search finds something else. */
  refuse(candidate: Candidate, tiers: readonly string[]): void {
    this.#trials.refuse(candidate, tiers);
  }

  /** The cheapest that keeps its promises on the search's seeds and has not been refused. Ends when the budget does. */
  async run(designs: readonly SearchedDesign[]): Promise<SearchOutcome> {
    this.#best = undefined;
    this.#isProven = true;
    this.#others = [];
    let isSpent = false;
    try {
      await this.#searchAll(designs);
    } catch (error) {
      if (!(error instanceof Spent)) throw error;
      isSpent = true;
      for (const { design } of designs) {
        const kept = this.#trials.cheapestKept(design);
        if (kept !== undefined) this.#consider(kept);
      }
    }
    return {
      best: this.#best,
      // What short runs ruled out has not been proven to be no cheaper.
      isProven: this.#isProven && !isSpent && this.#dropped.length === 0,
      isSpent,
      others: [...this.#others, ...this.#dropped],
      unknownTiers: [...this.#unknown],
    };
  }

  async #searchAll(designs: readonly SearchedDesign[]): Promise<void> {
    // A search after a refusal knows the order already, and where to begin.
    this.#order ??= await this.#inOrder(designs);
    const left = [...this.#order];
    while (this.#best === undefined && left.length > 0) {
      const next = left.shift()!;
      await this.#settleAgain(next);
      if (this.#unknown.size > 0) return;
      if (this.#best === undefined) this.#lost(next);
      else await this.#challenge(next, "prove");
    }
    for (const one of left) await this.#rival(one);
    for (const one of designs) this.#tellOf(one);
    this.#last = this.#best;
    const last = this.#best?.candidate.design;
    this.#order = this.#order.toSorted(
      (a, b) => Number(b.design === last) - Number(a.design === last),
    );
  }

  /** Finds some platform that works, and lets all designs race below its price. */
  async #inOrder(designs: readonly SearchedDesign[]): Promise<readonly SearchedDesign[]> {
    const without: SearchedDesign[] = [];
    for (const one of designs) {
      await this.#settle(one, { from: one.bounds.guess, phase: "size", isRough: true });
      if (this.#unknown.size > 0) return [];
      if (this.#best !== undefined) break;
      this.#lost(one);
      without.push(one);
    }
    const first = this.#best;
    this.#best = undefined;
    if (first === undefined) return [];
    const own = designs.find(({ design }) => design === first.candidate.design)!;
    const others = designs.filter((one) => !without.includes(one) && one !== own);
    const { rungs } = this.#options;
    const { kept, dropped } = await mostPromising(others, first, { judge: this.#judge, rungs });
    const why = "others came nearer to the promises at this price";
    this.#dropped = dropped.map(({ design }) => {
      const tried = this.#judge.tried.find(({ candidate }) => candidate.design === design);
      return { design, status: "dropped", tried, why };
    });
    return raced([own, ...kept], first, this.#trials);
  }

  #lost({ design }: SearchedDesign): void {
    const why = `not with up to ${counted(this.#options.mostGpus, "GPU")}`;
    this.#others.push({ design, status: "missed", why, tried: this.#trials.nearest(design) });
  }

  /** The design's smallest sizes, from where the last search arrived. */
  async #settleAgain(one: SearchedDesign): Promise<void> {
    const { design, bounds } = one;
    const kept = this.#trials.cheapestKept(design);
    if (kept !== undefined) {
      await this.#settle(one, { from: kept.candidate.sizes, phase: "size" });
    } else if (this.#last?.candidate.design === design) {
      await this.#repair(one, this.#last);
    } else await this.#settle(one, { from: bounds.guess, phase: "size" });
  }

  /** From sizes that were refused: a replica more where it missed, until that is enough. */
  async #repair(one: SearchedDesign, from: Tried): Promise<void> {
    let tried = from;
    for (let step = 0; step < MOST_REPAIRS; step++) {
      this.#consider(tried);
      if (this.#best !== undefined) return;
      const sizes = repaired(tried, this.#trials.fitOf(tried).tiers);
      if (sizes === undefined) break;
      tried = await this.#trials.one({ design: one.design, sizes }, "size");
    }
    await this.#settle(one, { from: tried.candidate.sizes, phase: "size" });
  }

  /** Finds the smallest sizes from here on, and makes them the best where they are. */
  async #settle(
    { design, bounds }: SearchedDesign,
    how: {
      readonly from: readonly number[];
      readonly phase: PlanStep["phase"];
      readonly isRough?: boolean;
    },
  ): Promise<void> {
    const { from, phase, isRough = false } = how;
    if (design.sized.length === 0) {
      this.#consider(await this.#trials.one({ design, sizes: [] }, phase));
      return;
    }
    const pools = design.sized.map(({ gpusPerReplica, most }, at) => {
      return { gpusPerReplica, most, least: bounds.least[at]!, replicas: from[at]! };
    });
    const mostGpus = this.#options.mostGpus - fixedGpus(design);
    const steps = { firstFactor: SIZE_STEP, mostFactor: SIZE_STEP, isRough };
    const fits = this.#fits({ design, bounds }, phase);
    const found = await smallestSizes({ pools, mostGpus, ...steps }, fits);
    if (found.kind === "not-enough-data") for (const tier of found.tiers) this.#unknown.add(tier);
    if (found.kind === "found") {
      this.#consider(await this.#trials.one({ design, sizes: found.replicas }, phase));
    }
  }

  #consider(tried: Tried): void {
    const fit = this.#trials.fitOf(tried);
    if (fit.kind === "unknown") for (const tier of fit.tiers) this.#unknown.add(tier);
    if (fit.kind !== "met") return;
    const best = this.#best;
    if (best === undefined || priceOfTried(tried) < priceOfTried(best)) this.#best = tried;
  }

  /** Looks for something cheaper than the best in this design until there is nothing. */
  async #challenge(one: SearchedDesign, phase: PlanStep["phase"]): Promise<void> {
    const { design, bounds } = one;
    const { pools, fixed } = pricedPools(design, bounds);
    for (;;) {
      const best = this.#best!;
      const below = priceOfTried(best) - fixed;
      const from =
        best.candidate.design === design
          ? best.candidate.sizes
          : cheaperLike(one, best, below + fixed);
      const cheaper = await cheaperThan({ pools, mostTries: this.#options.mostTries }, below, {
        from,
        fits: this.#fits(one, phase),
      });
      if (cheaper.kind === "unproven") this.#isProven = false;
      if (cheaper.kind !== "found") return;
      this.#consider(await this.#trials.one({ design, sizes: cheaper.sizes }, phase));
      await this.#settle(one, { from: cheaper.sizes, phase });
    }
  }

  /** A design other than the best's: something cheaper of it, if there is anything. */
  async #rival(one: SearchedDesign): Promise<void> {
    const { design, bounds } = one;
    if (leastPrice(one) >= priceOfTried(this.#best!)) {
      const why = "its work alone costs as much";
      this.#trials.exclude({ design, sizes: bounds.least }, "design", why);
      this.#others.push({ design, status: "excluded", tried: undefined, why });
      return;
    }
    await this.#challenge(one, "design");
  }

  /** What became of a design that is not the answer's. */
  #tellOf({ design }: SearchedDesign): void {
    const best = this.#best;
    if (best === undefined || best.candidate.design === design || this.#isTold(design)) return;
    const kept = this.#trials.cheapestKept(design);
    if (kept !== undefined) {
      const more = priceOfTried(kept) - priceOfTried(best);
      const why = more > 0 ? "costs more" : "costs as much";
      this.#others.push({ design, status: "kept", tried: kept, why });
      return;
    }
    const tried = this.#trials.nearest(design);
    const why = "nothing that was tried of it keeps every promise for less than the answer";
    this.#others.push({ design, status: "missed", tried, why });
  }

  #isTold(design: Design): boolean {
    return [...this.#others, ...this.#dropped].some((one) => one.design === design);
  }

  #fits({ design, bounds }: SearchedDesign, phase: PlanStep["phase"]) {
    return async (sizes: readonly number[]): Promise<Fit> => {
      const short = bounds.groups.find(
        ({ pools, least }) => replicasOf(design, sizes, pools) < least,
      );
      if (short === undefined)
        return this.#trials.fitOf(await this.#trials.one({ design, sizes }, phase));
      const note = `their work takes ${short.least} replicas together`;
      this.#trials.exclude({ design, sizes }, phase, note);
      return { kind: "missed", tiers: [] };
    };
  }
}
