/**
 * The search proper: a platform that works, the design that holds out longest below its price, the cheapest sizes of that design,
 * and then whether any other has something cheaper. The search's own seeds find candidates and rule out what is hopeless; fresh
 * seeds have the last word on each. Designs that cannot beat the best are done with after a trial or none.
 */
import { counted } from "../../results/plan-words.ts";
import type { PlanStep } from "../../results/plan.ts";
import { type Fit, smallestSizes } from "../smallest.ts";
import { cheaperThan } from "./cheapest.ts";
import type { Confirmed } from "./confirm.ts";
import type { Design } from "./design.ts";
import { type Judge, Spent, type Tried } from "./judge.ts";
import type { Offers } from "./offers.ts";
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

/** Replicas added one by one to a platform that was not confirmed, at most: beyond them it is left. Assumed. */
const MOST_REPAIRS = 24;
/** Factor between sizes tried; small, for a platform far too small takes longest to simulate, and guesses are near. */
const SIZE_STEP = 1.2;

export class Search {
  readonly #judge: Judge;
  readonly #options: SearchOptions;
  readonly #trials: Trials;
  readonly #offers: Offers;
  /** The cheapest that fresh seeds confirmed. */
  #best: Confirmed | undefined;
  #isProven = true;
  readonly #others: OtherDesign[] = [];
  readonly #unknown = new Set<string>();

  constructor(judge: Judge, offers: Offers, options: SearchOptions) {
    this.#judge = judge;
    this.#offers = offers;
    this.#options = options;
    this.#trials = new Trials(judge, options.horizon);
  }

  /** Ends at the latest when the budget does. */
  async run(designs: readonly SearchedDesign[]): Promise<SearchOutcome> {
    let isSpent = false;
    try {
      await this.#searchAll(designs);
    } catch (error) {
      if (!(error instanceof Spent)) throw error;
      isSpent = true;
      await this.#offerFound(designs);
    }
    for (const one of designs) this.#tellOf(one);
    return {
      best: this.#best,
      isProven: this.#isProven && !isSpent,
      isSpent,
      others: this.#others,
      unknownTiers: [...this.#unknown],
    };
  }

  async #searchAll(designs: readonly SearchedDesign[]): Promise<void> {
    const left = [...(await this.#inOrder(designs))];
    while (this.#best === undefined && left.length > 0) {
      const next = left.shift()!;
      const found = await this.#settled(next, this.#startOf(next), "size");
      if (this.#unknown.size > 0) return;
      if (found !== undefined) await this.#climb(next, found);
      if (this.#best === undefined) this.#lost(next);
      else await this.#challenge(next, "prove");
    }
    for (const one of left) await this.#rival(one);
  }

  /** The budget of the search is spent, and nothing has been put to fresh seeds: what it found first is, then. */
  async #offerFound(designs: readonly SearchedDesign[]): Promise<void> {
    if (this.#offers.all.length > 0) return;
    const kept = designs.flatMap(({ design }) => this.#trials.kept(design));
    const [cheapest] = kept.toSorted((a, b) => priceOfTried(a) - priceOfTried(b));
    if (cheapest === undefined) return;
    try {
      await this.#isConfirmed(cheapest);
    } catch (error) {
      if (!(error instanceof Spent)) throw error;
    }
  }

  /** Finds some platform that works, and lets all designs race below its price. */
  async #inOrder(designs: readonly SearchedDesign[]): Promise<readonly SearchedDesign[]> {
    const without: SearchedDesign[] = [];
    let first: Tried | undefined;
    for (const one of designs) {
      first = await this.#settled(one, one.bounds.guess, "rough");
      if (this.#unknown.size > 0) return [];
      if (first !== undefined) break;
      this.#lost(one);
      without.push(one);
    }
    if (first === undefined) return [];
    const own = designs.find(({ design }) => design === first.candidate.design)!;
    const others = designs.filter((one) => !without.includes(one) && one !== own);
    const { rungs } = this.#options;
    const { kept, dropped } = await mostPromising(others, first, { judge: this.#judge, rungs });
    const why = "others came nearer to the promises at this price";
    for (const { design } of dropped) {
      const tried = this.#judge.tried.find(({ candidate }) => candidate.design === design);
      this.#others.push({ design, status: "dropped", tried, why });
    }
    // What short runs ruled out has not been proven to be no cheaper.
    if (dropped.length > 0) this.#isProven = false;
    const order = await raced([own, ...kept], first, this.#trials);
    // What is known to hold at the least price comes first: fresh runs are dear, and the others are held against its price.
    const priceOfKept = ({ design }: SearchedDesign): number => {
      const [cheapest] = this.#trials.kept(design);
      return cheapest === undefined ? Infinity : priceOfTried(cheapest);
    };
    return order.toSorted((a, b) => {
      const [one, other] = [priceOfKept(a), priceOfKept(b)];
      return one === other ? 0 : one - other;
    });
  }

  #lost({ design }: SearchedDesign): void {
    const why = `not with up to ${counted(this.#options.mostGpus, "GPU")}`;
    this.#others.push({ design, status: "missed", why, tried: this.#trials.nearest(design) });
  }

  /** Where to begin with a design: at the cheapest of it that is known to keep its promises. */
  #startOf({ design, bounds }: SearchedDesign): readonly number[] {
    return this.#trials.kept(design)[0]?.candidate.sizes ?? bounds.guess;
  }

  /** The smallest sizes from here on that keep their promises on the search's seeds; rough: any that are not far too large. */
  async #settled(
    one: SearchedDesign,
    from: readonly number[],
    how: "rough" | "size" | "design",
  ): Promise<Tried | undefined> {
    const { design, bounds } = one;
    const phase = how === "rough" ? "size" : how;
    if (design.sized.length === 0) {
      const tried = await this.#trials.one({ design, sizes: [] }, phase);
      this.#noteUnknown(tried.fit);
      return tried.fit.kind === "met" ? tried : undefined;
    }
    const pools = design.sized.map(({ gpusPerReplica, most }, at) => {
      return { gpusPerReplica, most, least: bounds.least[at]!, replicas: from[at]! };
    });
    const mostGpus = this.#options.mostGpus - fixedGpus(design);
    const steps = { firstFactor: SIZE_STEP, mostFactor: SIZE_STEP, isRough: how === "rough" };
    const found = await smallestSizes({ pools, mostGpus, ...steps }, this.#mayFit(one, phase));
    if (found.kind === "not-enough-data")
      this.#noteUnknown({ kind: "unknown", tiers: found.tiers });
    return found.kind === "found"
      ? this.#trials.one({ design, sizes: found.replicas }, phase)
      : undefined;
  }

  #noteUnknown({ kind, tiers }: Pick<Fit, "kind" | "tiers">): void {
    if (kind === "unknown") for (const tier of tiers) this.#unknown.add(tier);
  }

  /** From the smallest sizes on, a replica more where it missed, until fresh seeds confirm it or it costs as much as the best. */
  async #climb(one: SearchedDesign, from: Tried): Promise<void> {
    let tried = from;
    for (let step = 0; step < MOST_REPAIRS && this.#isCheaper(tried); step++) {
      if (tried.fit.kind === "met" && (await this.#isConfirmed(tried))) return;
      const sizes = repaired(this.#offers.known(tried)?.tried ?? tried);
      if (sizes === undefined) return;
      tried = await this.#trials.one({ design: one.design, sizes }, "size");
    }
  }

  #isCheaper(tried: Tried): boolean {
    return this.#best === undefined || priceOfTried(tried) < priceOfTried(this.#best.tried);
  }

  /** Fails: Spent. */
  async #isConfirmed(tried: Tried): Promise<boolean> {
    const confirmed = await this.#offers.offer(tried);
    const isKept = confirmed.verdict === "kept";
    if (isKept && this.#isCheaper(tried)) this.#best = confirmed;
    return isKept;
  }

  /** Looks for something cheaper than the best in this design until there is nothing. */
  async #challenge(one: SearchedDesign, phase: PlanStep["phase"]): Promise<void> {
    const { pools, fixed } = pricedPools(one.design, one.bounds);
    const space = { pools, mostTries: this.#options.mostTries };
    for (;;) {
      const below = priceOfTried(this.#best!.tried) - fixed;
      const cheaper = await cheaperThan(space, below, {
        from: this.#near(one),
        fits: this.#fits(one, phase),
        mayFit: this.#mayFit(one, phase),
      });
      if (cheaper.kind === "unproven") this.#isProven = false;
      if (cheaper.kind !== "found") return;
    }
  }

  /** Sizes like the best's, and cheaper where it is of another design. */
  #near(one: SearchedDesign): readonly number[] {
    const { tried } = this.#best!;
    return tried.candidate.design === one.design
      ? tried.candidate.sizes
      : cheaperLike(one, tried, priceOfTried(tried));
  }

  /** A design other than the best's: something cheaper of it, if there is anything. */
  async #rival(one: SearchedDesign): Promise<void> {
    const { design, bounds } = one;
    if (leastPrice(one) >= priceOfTried(this.#best!.tried)) {
      const why = "its work alone costs as much";
      this.#trials.exclude({ design, sizes: bounds.least }, "design", why);
      this.#others.push({ design, status: "excluded", tried: undefined, why });
      return;
    }
    // Where something much cheaper may do, that is where to begin, rather than a replica below the best.
    const [kept] = this.#trials.kept(design);
    if (kept !== undefined && this.#isCheaper(kept)) {
      const found = await this.#settled(one, kept.candidate.sizes, "design");
      if (found !== undefined) await this.#climb(one, found);
    }
    await this.#challenge(one, "design");
  }

  /** What became of a design that is not the answer's. */
  #tellOf({ design }: SearchedDesign): void {
    const best = this.#best;
    if (best === undefined || best.tried.candidate.design === design || this.#isTold(design)) {
      return;
    }
    const kept = this.#trials.kept(design).find((tried) => !this.#isOutdone(tried));
    if (kept !== undefined) {
      const more = priceOfTried(kept) - priceOfTried(best.tried);
      const why = more > 0 ? "costs more" : "costs as much";
      this.#others.push({ design, status: "kept", tried: kept, why });
      return;
    }
    const tried = this.#trials.nearest(design);
    const why = "nothing that was tried of it keeps every promise for less than the answer";
    this.#others.push({ design, status: "missed", tried, why });
  }

  /** Fresh seeds have not confirmed it, which is told elsewhere. */
  #isOutdone(tried: Tried): boolean {
    const { verdict = "kept" } = this.#offers.known(tried) ?? {};
    return verdict !== "kept";
  }

  #isTold(design: Design): boolean {
    return this.#others.some((one) => one.design === design);
  }

  /** Whether it keeps its promises on the search's seeds. */
  #mayFit({ design, bounds }: SearchedDesign, phase: PlanStep["phase"]) {
    return async (sizes: readonly number[]): Promise<Fit> => {
      const short = bounds.groups.find(
        ({ pools, least }) => replicasOf(design, sizes, pools) < least,
      );
      if (short === undefined) return (await this.#trials.one({ design, sizes }, phase)).fit;
      const note = `their work takes ${short.least} replicas together`;
      this.#trials.exclude({ design, sizes }, phase, note);
      return { kind: "missed", tiers: [] };
    };
  }

  /** Whether fresh seeds say so as well. */
  #fits(one: SearchedDesign, phase: PlanStep["phase"]) {
    return async (sizes: readonly number[]): Promise<Fit> => {
      const fit = await this.#mayFit(one, phase)(sizes);
      if (fit.kind !== "met") return fit;
      const tried = await this.#trials.one({ design: one.design, sizes }, phase);
      return (await this.#isConfirmed(tried)) ? fit : { kind: "missed", tiers: [] };
    };
  }
}
