/**
 * The search proper: a platform that works, the design that holds out longest below its price, the cheapest sizes of that design,
 * and then whether any other has something cheaper. Designs that cannot beat the best are done with after a trial or none.
 */
import { counted } from "../../results/plan-words.ts";
import type { PlanStep } from "../../results/plan.ts";
import { type Fit, smallestSizes } from "../smallest.ts";
import { cheaperThan } from "./cheapest.ts";
import type { Design } from "./design.ts";
import type { Guard } from "./guard.ts";
import type { Judge, Tried } from "./judge.ts";
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
import { Spent, Trials } from "./trials.ts";

/** Replicas added one by one to a platform that is too tight, at most: beyond them its sizes are searched anew. */
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

  /** Undefined before something kept its promises. */
  get guard(): Guard | undefined {
    return this.#trials.guard;
  }

  /** Asks for more distance from every limit: what was found has been refused. */
  tighten(): void {
    this.#trials.tighten();
  }

  /** The search ends when so many requests have been simulated in all. */
  async run(designs: readonly SearchedDesign[], budgetRequests: number): Promise<SearchOutcome> {
    this.#trials.budgetRequests = budgetRequests;
    this.#best = undefined;
    this.#isProven = true;
    this.#others = [];
    let isSpent = false;
    try {
      await this.#searchAll(designs);
    } catch (error) {
      if (!(error instanceof Spent)) throw error;
      isSpent = true;
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
    // A search at a larger distance from the limits knows the order already, and where to begin.
    this.#order ??= await this.#inOrder(designs);
    const left = [...this.#order];
    while (this.#best === undefined && left.length > 0) {
      const next = left.shift()!;
      await this.#settleFirmly(next);
      if (this.#unknown.size > 0) return;
      if (this.#best === undefined) this.#lost(next);
      else await this.#challenge(next, "prove");
    }
    for (const one of left) await this.#rival(one);
    this.#last = this.#best;
    const last = this.#best?.candidate.design;
    this.#order = this.#order.toSorted(
      (a, b) => Number(b.design === last) - Number(a.design === last),
    );
  }

  /** Finds some platform that works, measures there how much runs differ, and lets all designs race below its price. */
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
    await this.#trials.measure(first);
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

  /** The design's smallest sizes, with the differences of its own runs known. */
  async #settleFirmly(one: SearchedDesign): Promise<void> {
    const last = this.#last?.candidate.design === one.design ? this.#last : undefined;
    if (last === undefined) {
      const from = this.#trials.cheapestKept(one.design)?.candidate.sizes ?? one.bounds.guess;
      await this.#settle(one, { from, phase: "size" });
    } else await this.#repair(one, last);
    const found = this.#best;
    if (found === undefined || (await this.#trials.isFirmlyKept(found))) return;
    this.#best = undefined;
    await this.#repair(one, found);
  }

  /** From sizes that keep their promises by too little: a replica more where the tightest is, until it is enough. */
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

  /** A design other than the best's: cheaper, or why not. */
  async #rival(one: SearchedDesign): Promise<void> {
    const { design, bounds } = one;
    const before = this.#best!;
    if (leastPrice(one) >= priceOfTried(before)) {
      const why = "its work alone costs as much";
      this.#judge.exclude({ design, sizes: bounds.least }, "design", why);
      this.#others.push({ design, status: "excluded", tried: undefined, why });
      return;
    }
    await this.#challenge(one, "design");
    // A rival that beat the best is only the best if it does so with its own runs' differences.
    if (this.#best !== before && !(await this.#trials.isFirmlyKept(this.#best!))) {
      this.#best = before;
      await this.#challenge(one, "design");
    }
    const isBest = this.#best!.candidate.design === design;
    const loser: Design = isBest ? before.candidate.design : design;
    const tried = isBest ? before : this.#trials.nearest(design);
    const why = isBest
      ? "costs more"
      : "nothing that costs less than the answer keeps every promise";
    this.#others.push({ design: loser, status: isBest ? "kept" : "missed", tried, why });
  }

  #fits({ design, bounds }: SearchedDesign, phase: PlanStep["phase"]) {
    return async (sizes: readonly number[]): Promise<Fit> => {
      const short = bounds.groups.find(
        ({ pools, least }) => replicasOf(design, sizes, pools) < least,
      );
      if (short === undefined)
        return this.#trials.fitOf(await this.#trials.one({ design, sizes }, phase));
      const note = `their work takes ${short.least} replicas together`;
      this.#judge.exclude({ design, sizes }, phase, note);
      return { kind: "missed", tiers: [] };
    };
  }
}
