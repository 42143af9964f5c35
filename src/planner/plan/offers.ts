/**
 * Platforms that the search puts to fresh seeds, each once: what they said of it, and of how many. What is good enough on the
 * search's own seeds is an answer only if it is confirmed here; nothing else refuses it either.
 */
import { type Confirmed, confirm } from "./confirm.ts";
import { type Horizon, type Judge, keyOf, Spent, type Tried } from "./judge.ts";

/** Parts of the budget for the search up to its first offer, and for all of it: the rest is for what comes after. */
const SEARCH_SHARE = 0.5;
const CONFIRM_SHARE = 0.85;
/** Fresh seeds of one platform, apart from those of the search and of other platforms. */
const SEEDS_APART = 10_000;

export interface OfferOptions {
  readonly horizon: Horizon;
  readonly confidence: number;
  readonly budgetRequests: number;
  /** The scenario's. */
  readonly seed: number;
  readonly onOffer: (offered: Tried) => void;
}

export class Offers {
  readonly #judge: Judge;
  readonly #options: OfferOptions;
  readonly #known = new Map<string, Confirmed>();

  constructor(judge: Judge, options: OfferOptions) {
    this.#judge = judge;
    this.#options = options;
    judge.limitRequests = SEARCH_SHARE * options.budgetRequests;
  }

  /** In the order they were offered. */
  get all(): readonly Confirmed[] {
    return [...this.#known.values()];
  }

  /** Undefined: not offered yet. */
  known(tried: Tried): Confirmed | undefined {
    return this.#known.get(keyOf(tried.candidate));
  }

  /** What fresh seeds say of what the search tried. Fails: Spent, where the budget ended before they could tell. */
  async offer(tried: Tried): Promise<Confirmed> {
    const key = keyOf(tried.candidate);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const { budgetRequests, confidence, horizon, seed, onOffer } = this.#options;
    this.#judge.limitRequests = CONFIRM_SHARE * budgetRequests;
    onOffer(tried);
    const confirmed = await confirm(this.#judge, tried, {
      confidence,
      horizon,
      firstSeed: seed + (this.#known.size + 1) * SEEDS_APART,
      testedBefore: this.all.filter(({ confirmation }) => confirmation !== undefined).length,
    });
    this.#known.set(key, confirmed);
    if (confirmed.isSpent) throw new Spent();
    return confirmed;
  }
}
