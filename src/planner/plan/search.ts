/**
 * The search proper: the cheapest sizes of one design after another, each only as far as it can still beat the cheapest found.
 * The first design that works sets a price; of the others it is asked whether anything below that price fits, and most are done
 * with after one simulation. Where there are many, short runs let only the most promising go on (successive halving).
 */
import { assert } from "../../base/assert.ts";
import { counted } from "../../results/plan-words.ts";
import type { PlanStep } from "../../results/plan.ts";
import { type Fit, smallestSizes } from "../smallest.ts";
import { cheaperThan } from "./cheapest.ts";
import { type Design, priceOf } from "./design.ts";
import {
  FIRST_KEPT_AWAY,
  type Guard,
  guardOf,
  MORE_KEPT_AWAY,
  tightPromises,
  wider,
} from "./guard.ts";
import { successiveHalving } from "./halving.ts";
import { type Ask, type Candidate, type Judge, type Tried } from "./judge.ts";
import { pressuresOf } from "./pressures.ts";
import type {
  OtherDesign,
  SearchedDesign,
  SearchOptions,
  SearchOutcome,
} from "./search-outcome.ts";
import { badness, cheaperLike, pricedPools, priceOfTried, replicasOf } from "./search-sizes.ts";

/** Designs that are searched whole; of more, short runs choose these. */
const MOST_SEARCHED = 6;
/** Runs that a spread is measured by: with seven degrees of freedom it is known to within a third. */
const SPREAD_RUNS = 8;
/** Factor between sizes tried; small, for a platform far too small takes longest to simulate, and guesses are near. */
const SIZE_STEP = 1.2;
/** Factor between the prices at which designs race. */
const PRICE_STEP = 0.8;

/** The budget ran out in the middle of the search. */
class Spent extends Error {
  override name = "Spent";
}

export class Search {
  readonly #judge: Judge;
  readonly #options: SearchOptions;
  readonly #known = new Map<string, Promise<Tried>>();
  #guard: Guard | undefined;
  #order: readonly SearchedDesign[] | undefined;
  /** Designs at whose sizes it is known how much runs differ. */
  readonly #measured = new Set<Design>();
  best: Tried | undefined;
  #budgetRequests = 0;
  #isProven = true;
  #others: OtherDesign[] = [];
  /** By short runs, before everything else. */
  readonly #dropped: OtherDesign[] = [];
  readonly #unknown = new Set<string>();

  constructor(judge: Judge, options: SearchOptions) {
    this.#judge = judge;
    this.#options = options;
  }

  /** Undefined before something kept its promises. */
  get guard(): Guard | undefined {
    return this.#guard;
  }

  /** Asks for more distance from every limit: what was found has been refused. What was simulated is not simulated again. */
  tighten(): void {
    assert(this.#guard !== undefined, "only what was found can be refused");
    this.#guard = { ...this.#guard, keptAway: this.#guard.keptAway + MORE_KEPT_AWAY };
  }

  /** The search ends when so many requests have been simulated in all. */
  async run(designs: readonly SearchedDesign[], budgetRequests: number): Promise<SearchOutcome> {
    this.#budgetRequests = budgetRequests;
    this.best = undefined;
    this.#isProven = true;
    this.#others = [];
    let isSpent = false;
    try {
      await this.#searchAll(designs);
    } catch (error) {
      if (!(error instanceof Spent)) throw error;
      this.#isProven = false;
      isSpent = true;
    }
    return {
      best: this.best,
      isProven: this.#isProven,
      isSpent,
      others: this.#others,
      unknownTiers: [...this.#unknown],
    };
  }

  async #searchAll(designs: readonly SearchedDesign[]): Promise<void> {
    // A search at a larger distance from the limits knows the order already, and where to begin.
    this.#order ??= await this.#inOrder(designs);
    const left = [...this.#order];
    while (this.best === undefined && left.length > 0) {
      const next = left.shift()!;
      await this.#settleFirmly(next);
      if (this.#unknown.size > 0) return;
      if (this.best === undefined) this.#lost(next);
      else await this.#challenge(next, "prove");
    }
    for (const one of left) await this.#rival(one);
    const last = this.best?.candidate.design;
    // Where the search arrived, a stricter one begins.
    this.#order = this.#order.toSorted(
      (a, b) => Number(b.design === last) - Number(a.design === last),
    );
  }

  /**
   * The designs, the most promising first: by how near each comes to its promises at the price of the first platform that kept
   * them. How much runs differ is measured there, too.
   */
  async #inOrder(designs: readonly SearchedDesign[]): Promise<readonly SearchedDesign[]> {
    const without: SearchedDesign[] = [];
    for (const one of designs) {
      await this.#settle(one, one.bounds.guess, "size", { isRough: true });
      if (this.#unknown.size > 0) return [];
      if (this.best !== undefined) break;
      this.#lost(one);
      without.push(one);
    }
    const first = this.best;
    if (first === undefined) return [];
    this.#guard = await this.#measuredGuard(first);
    const own = designs.find(({ design }) => design === first.candidate.design)!;
    const others = designs.filter((one) => !without.includes(one) && one !== own);
    this.best = undefined;
    return this.#raced([own, ...(await this.#mostPromising(others, first))], first);
  }

  /** All designs at ever lower prices: those that hold out longest come first, then those that came nearest to their promises. */
  async #raced(
    designs: readonly SearchedDesign[],
    first: Tried,
  ): Promise<readonly SearchedDesign[]> {
    if (designs.length === 1) return designs;
    let racing = designs.map((one): Racing => ({ one, tried: first, rounds: 0 }));
    const done: Racing[] = [];
    for (let price = PRICE_STEP * priceOfTried(first); racing.length > 0; price *= PRICE_STEP) {
      const [able, out] = [
        racing.filter(({ one }) => leastPrice(one) < price),
        racing.filter(({ one }) => leastPrice(one) >= price),
      ];
      const candidates = able.map(({ one, tried }): Candidate => {
        return { design: one.design, sizes: cheaperLike(one, tried, price) };
      });
      const all = await this.#judge.judgeAll(candidates, this.#ask("design"));
      for (const tried of all) this.#known.set(keyOf(tried.candidate), Promise.resolve(tried));
      const met = able.map((each, at): Racing => ({ ...each, tried: all[at]! }));
      const isMet = ({ tried }: Racing): boolean => this.#guarded(tried).kind === "met";
      done.push(...out, ...met.filter((each) => !isMet(each)));
      racing = met.filter(isMet).map((each) => ({ ...each, rounds: each.rounds + 1 }));
    }
    done.sort((a, b) => b.rounds - a.rounds || badness(a.tried) - badness(b.tried));
    return done.map(({ one }) => one);
  }

  /** How much runs differ at a platform, on more seeds than the search's where those are few. */
  async #measuredGuard(first: Tried): Promise<Guard> {
    const { horizon } = this.#options;
    const more = Math.max(0, SPREAD_RUNS - horizon.seeds.length);
    const last = horizon.seeds.at(-1)!;
    const seeds = Array.from({ length: more }, (_, at) => last + 1 + at);
    const look = await this.#judge.look(first.candidate, {
      horizon: { ...horizon, seeds },
      mayLeave: false,
    });
    this.#judge.countRuns(look);
    return guardOf([...first.runs, ...look.runs], this.#guard?.keptAway ?? FIRST_KEPT_AWAY);
  }

  /** Where to look for the design's sizes: at the cheapest of it that kept its promises, or else where its work says. */
  #begin({ design, bounds }: SearchedDesign): readonly number[] {
    const met = this.#judge.tried.filter(
      (tried) =>
        tried.candidate.design === design &&
        tried.horizon === this.#options.horizon &&
        this.#guarded(tried).kind === "met",
    );
    const [cheapest] = met.toSorted((a, b) => priceOfTried(a) - priceOfTried(b));
    return cheapest?.candidate.sizes ?? bounds.guess;
  }

  #lost({ design }: SearchedDesign): void {
    const why = `not with up to ${counted(this.#options.mostGpus, "GPU")}`;
    this.#others.push({ design, status: "missed", why, tried: this.#bestOf(design) });
  }

  /** Settles, measures how much runs differ there, and settles again where that shows it to be too tight. */
  async #settleFirmly(one: SearchedDesign): Promise<void> {
    await this.#settle(one, this.#begin(one), "size");
    const found = this.best;
    if (found === undefined || this.#measured.has(one.design)) return;
    this.#measured.add(one.design);
    this.#guard = wider(this.#guard!, await this.#measuredGuard(found));
    if (this.#guarded(found).kind === "met") return;
    this.best = undefined;
    await this.#settle(one, found.candidate.sizes, "size");
  }

  /** Finds the smallest sizes from here on, and makes them the best where they are. */
  async #settle(
    { design, bounds }: SearchedDesign,
    from: readonly number[],
    phase: PlanStep["phase"],
    { isRough }: { readonly isRough: boolean } = { isRough: false },
  ): Promise<void> {
    const fits = this.#fits({ design, bounds }, phase);
    if (design.sized.length === 0) {
      this.#consider(await this.#try({ design, sizes: [] }, phase));
      return;
    }
    const kept = priceOf(
      design,
      design.sized.map(() => 0),
    ).gpus;
    const found = await smallestSizes(
      {
        mostGpus: this.#options.mostGpus - kept,
        firstFactor: SIZE_STEP,
        mostFactor: SIZE_STEP,
        isRough,
        pools: design.sized.map(({ gpusPerReplica, most }, at) => ({
          gpusPerReplica,
          most,
          least: bounds.least[at]!,
          replicas: from[at]!,
        })),
      },
      fits,
    );
    if (found.kind === "not-enough-data") for (const tier of found.tiers) this.#unknown.add(tier);
    if (found.kind === "found") {
      this.#consider(await this.#try({ design, sizes: found.replicas }, phase));
    }
  }

  #consider(tried: Tried): void {
    const fit = this.#guarded(tried);
    if (fit.kind === "unknown") for (const tier of fit.tiers) this.#unknown.add(tier);
    if (fit.kind !== "met") return;
    if (this.best === undefined || priceOfTried(tried) < priceOfTried(this.best)) this.best = tried;
  }

  /** Looks for something cheaper than the best in this design until there is nothing. */
  async #challenge(one: SearchedDesign, phase: PlanStep["phase"]): Promise<void> {
    const { design, bounds } = one;
    const { pools, fixed } = pricedPools(design, bounds);
    for (;;) {
      const below = priceOfTried(this.best!) - fixed;
      const from =
        this.best!.candidate.design === design
          ? this.best!.candidate.sizes
          : cheaperLike(one, this.best!, below + fixed);
      const cheaper = await cheaperThan({ pools, mostTries: this.#options.mostTries }, below, {
        from,
        fits: this.#fits(one, phase),
      });
      if (cheaper.kind === "unproven") this.#isProven = false;
      if (cheaper.kind !== "found") return;
      this.#consider(await this.#try({ design, sizes: cheaper.sizes }, phase));
      await this.#settle(one, cheaper.sizes, phase);
    }
  }

  /** A design other than the best's: cheaper, or why not. */
  async #rival(one: SearchedDesign): Promise<void> {
    const { design, bounds } = one;
    const before = this.best!;
    if (priceOf(design, bounds.least).nanoUsdPerHour >= priceOfTried(before)) {
      const why = "its work alone costs as much";
      this.#judge.exclude({ design, sizes: bounds.least }, "design", why);
      this.#others.push({ design, status: "excluded", tried: undefined, why });
      return;
    }
    await this.#challenge(one, "design");
    await this.#checkRival(one, before);
    const isBest = this.best!.candidate.design === design;
    const loser = isBest ? before.candidate.design : design;
    const tried = isBest ? before : this.#bestOf(design);
    const why = isBest
      ? "costs more"
      : "nothing that costs less than the answer keeps every promise";
    this.#others.push({ design: loser, status: isBest ? "kept" : "missed", tried, why });
  }

  /** A rival that beat the best is only the best if it does so with its own runs' differences. */
  async #checkRival(one: SearchedDesign, before: Tried): Promise<void> {
    const found = this.best!;
    if (found === before || this.#measured.has(one.design)) return;
    this.#measured.add(one.design);
    this.#guard = wider(this.#guard!, await this.#measuredGuard(found));
    if (this.#guarded(found).kind === "met") return;
    this.best = before;
    await this.#challenge(one, "design");
  }

  #bestOf(design: Design): Tried | undefined {
    return this.#judge.tried
      .filter(({ candidate }) => candidate.design === design)
      .toSorted((a, b) => badness(a) - badness(b))[0];
  }

  /** Of many designs, those that come nearest to their promises at the price to beat, on ever longer runs. */
  async #mostPromising(
    designs: readonly SearchedDesign[],
    first: Tried,
  ): Promise<readonly SearchedDesign[]> {
    if (designs.length <= MOST_SEARCHED) return designs;
    const price = priceOfTried(first);
    const beatable = designs.filter((one) => leastPrice(one) < price);
    const { kept, dropped } = await successiveHalving(beatable, {
      rungs: this.#options.rungs,
      keep: MOST_SEARCHED,
      evaluate: async (all, horizon) => {
        const candidates = all.map((one): Candidate => {
          return { design: one.design, sizes: cheaperLike(one, first, price) };
        });
        const tried = await this.#judge.judgeAll(candidates, { phase: "halving", horizon });
        return tried.map(badness);
      },
    });
    for (const { design } of dropped) {
      const why = "others came nearer to the promises at this price";
      this.#dropped.push({ design, status: "dropped", tried: this.#bestOf(design), why });
    }
    return [...kept, ...designs.filter((one) => !beatable.includes(one))];
  }

  #fits({ design, bounds }: SearchedDesign, phase: PlanStep["phase"]) {
    return async (sizes: readonly number[]): Promise<Fit> => {
      const short = bounds.groups.find(
        ({ pools, least }) => replicasOf(design, sizes, pools) < least,
      );
      if (short !== undefined) {
        const note = `their work takes ${short.least} replicas together`;
        this.#judge.exclude({ design, sizes }, phase, note);
        return { kind: "missed", tiers: [] };
      }
      return this.#guarded(await this.#try({ design, sizes }, phase));
    };
  }

  /** What is kept by too little is taken as missed. */
  #guarded({ fit, runs }: Tried): Fit {
    if (fit.kind !== "met" || this.#guard === undefined) return fit;
    const tight = tightPromises(runs, this.#guard);
    if (tight.length === 0) return fit;
    const all = pressuresOf(runs);
    return { kind: "missed", tiers: [...new Set(tight.map((at) => all[at]!.promise.tier))] };
  }

  #try(candidate: Candidate, phase: PlanStep["phase"]): Promise<Tried> {
    const key = keyOf(candidate);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#judge.work.requests >= this.#budgetRequests) throw new Spent();
    const tried = this.#judge.judge(candidate, this.#ask(phase));
    this.#known.set(key, tried);
    return tried;
  }

  #ask(phase: PlanStep["phase"]): Ask {
    const isTight = (tried: Tried): boolean => this.#guarded(tried).kind !== "met";
    return { phase, horizon: this.#options.horizon, isTight };
  }
}

/** A design in the race, with the last platform of it that was tried, and the rounds it has survived. */
interface Racing {
  readonly one: SearchedDesign;
  readonly tried: Tried;
  readonly rounds: number;
}

function keyOf({ design, sizes }: Candidate): string {
  return JSON.stringify([design.overrides, sizes]);
}

function leastPrice({ design, bounds }: SearchedDesign): number {
  return priceOf(design, bounds.least).nanoUsdPerHour;
}
