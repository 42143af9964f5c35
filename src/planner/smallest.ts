/**
 * Finds the fewest GPUs with which a platform fits, by trying sizes: grown until one fits (or shrunk until one does not), then
 * bisected, pool by pool. More GPUs nearly always serve better, but not always, so the answer is what was tried and not what was
 * inferred: it fits, and with one replica less of any pool it does not. Knows nothing of simulations; whoever asks says what fits.
 */
import type { Smallest } from "../results/smallest.ts";

export interface SearchedPool {
  readonly gpusPerReplica: number;
  /** Where the search begins; at least 1. */
  readonly replicas: number;
  /** No smaller and no larger size of this pool is tried; 1 and any where left out. */
  readonly least?: number;
  readonly most?: number;
}

export interface SearchSpace {
  /** At least one. */
  readonly pools: readonly SearchedPool[];
  /** No size above this is tried. */
  readonly mostGpus: number;
  /** By how much sizes are first multiplied or divided, above 1: small where the beginning is near the answer. Default: 2. */
  readonly firstFactor?: number;
  /** What that factor grows to. Default: 2. */
  readonly mostFactor?: number;
  /** Any sizes will do that fit, as long as they are not far too large. */
  readonly isRough?: boolean;
}

export interface Fit {
  /** "unknown": nothing was missed, but something had too few samples to be judged. */
  readonly kind: "met" | "missed" | "unknown";
  /** Tiers that missed, or that could not be judged. */
  readonly tiers: readonly string[];
}

/** Whether the platform fits with so many replicas per pool. Asked once per size. */
export type Fits = (replicas: readonly number[]) => Promise<Fit>;

type Sizes = readonly number[];

/** The smallest sizes that fit. With several pools: sizes of which no pool can give up a replica. */
export async function smallestSizes(space: SearchSpace, fits: Fits): Promise<Smallest> {
  const search = new Search(space, fits);
  const bracket = await search.bracket();
  if (bracket.kind !== "bracketed") return bracket;
  if (space.isRough === true) {
    return { kind: "found", replicas: bracket.fits, gpus: search.gpusOf(bracket.fits) };
  }
  const sizes = await search.descend(bracket.fits, bracket.misses);
  return { kind: "found", replicas: sizes, gpus: search.gpusOf(sizes) };
}

type Bracket =
  | { readonly kind: "bracketed"; readonly fits: Sizes; readonly misses: Sizes | undefined }
  | Exclude<Smallest, { kind: "found" }>;

class Search {
  readonly #space: SearchSpace;
  readonly #fits: Fits;
  readonly #tried = new Map<string, Promise<Fit>>();

  constructor(space: SearchSpace, fits: Fits) {
    this.#space = space;
    this.#fits = fits;
  }

  gpusOf(sizes: Sizes): number {
    return this.#space.pools.reduce(
      (sum, { gpusPerReplica }, at) => sum + gpusPerReplica * sizes[at]!,
      0,
    );
  }

  /** A size that fits, with the next smaller one tried that does not, if any. */
  async bracket(): Promise<Bracket> {
    const { pools, mostGpus } = this.#space;
    let sizes = this.#within(pools.map(({ replicas }) => replicas));
    const none: Bracket = { kind: "not-within", mostGpus, tiers: [] };
    if (sizes === undefined) return none;
    let fit = await this.#try(sizes);
    if (fit.kind === "met") return this.#shrink(sizes, 0);
    let misses = sizes;
    for (let attempt = 0; ; attempt++) {
      // More GPUs bring no more requests: what cannot be judged here cannot be judged anywhere.
      if (fit.kind === "unknown") return { kind: "not-enough-data", tiers: fit.tiers };
      const larger = this.#within(sizes.map((size, at) => this.#grown(size, at, attempt)));
      if (larger === undefined || this.gpusOf(larger) <= this.gpusOf(sizes)) {
        return { ...none, tiers: fit.tiers };
      }
      misses = sizes;
      sizes = larger;
      fit = await this.#try(sizes);
      if (fit.kind === "met") return { kind: "bracketed", fits: sizes, misses };
    }
  }

  /** From sizes that fit down to sizes of which no pool can give up a replica. */
  async descend(from: Sizes, misses: Sizes | undefined): Promise<Sizes> {
    let sizes = from;
    for (const at of sizes.keys()) {
      const tooSmall = Math.max(tooSmallAt(sizes, at, misses), this.#leastOf(at) - 1);
      sizes = await this.#bisect(sizes, at, tooSmall);
    }
    for (let at = 0; at < sizes.length; at++) {
      const fewer = withSize(sizes, at, sizes[at]! - 1);
      if (fewer[at]! < this.#leastOf(at) || !(await this.#isMet(fewer))) continue;
      sizes = fewer;
      at = -1;
    }
    return sizes;
  }

  #grown(size: number, at: number, attempt: number): number {
    return Math.min(Math.ceil(size * this.#factor(attempt)), this.#mostOf(at));
  }

  /** Twice as far from 1 with every attempt, up to the largest. */
  #factor(attempt: number): number {
    const { firstFactor = 2, mostFactor = 2 } = this.#space;
    return Math.min(mostFactor, 1 + (firstFactor - 1) * 2 ** attempt);
  }

  async #shrink(sizes: Sizes, attempt: number): Promise<Bracket> {
    const factor = this.#factor(attempt);
    const smaller = sizes.map((size, at) => Math.max(Math.ceil(size / factor), this.#leastOf(at)));
    if (this.gpusOf(smaller) === this.gpusOf(sizes)) {
      return { kind: "bracketed", fits: sizes, misses: undefined };
    }
    return (await this.#isMet(smaller))
      ? this.#shrink(smaller, attempt + 1)
      : { kind: "bracketed", fits: sizes, misses: smaller };
  }

  /** The least size of one pool that fits, the others as they are. */
  async #bisect(sizes: Sizes, at: number, tooSmall: number): Promise<Sizes> {
    let low = tooSmall;
    let high = sizes[at]!;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (await this.#isMet(withSize(sizes, at, middle))) high = middle;
      else low = middle;
    }
    return withSize(sizes, at, high);
  }

  /** The sizes, scaled down together where they exceed the limit; undefined where even one replica each does. */
  #within(sizes: Sizes): Sizes | undefined {
    const { mostGpus } = this.#space;
    const gpus = this.gpusOf(sizes);
    if (gpus <= mostGpus) return sizes;
    const scaled = sizes.map((size, at) =>
      Math.max(this.#leastOf(at), Math.floor((size * mostGpus) / gpus)),
    );
    return this.gpusOf(scaled) <= mostGpus ? scaled : undefined;
  }

  #leastOf(at: number): number {
    return this.#space.pools[at]!.least ?? 1;
  }

  #mostOf(at: number): number {
    return this.#space.pools[at]!.most ?? Infinity;
  }

  async #isMet(sizes: Sizes): Promise<boolean> {
    return (await this.#try(sizes)).kind === "met";
  }

  #try(sizes: Sizes): Promise<Fit> {
    const key = sizes.join(" ");
    const known = this.#tried.get(key) ?? this.#fits(sizes);
    this.#tried.set(key, known);
    return known;
  }
}

/** A size of this pool that is known to miss, the others as they are; 0 where none is. */
function tooSmallAt(sizes: Sizes, at: number, misses: Sizes | undefined): number {
  const isOnlyDifference = misses?.every((size, index) => index === at || size >= sizes[index]!);
  return isOnlyDifference === true ? Math.min(misses![at]!, sizes[at]! - 1) : 0;
}

function withSize(sizes: Sizes, at: number, size: number): Sizes {
  return sizes.map((one, index) => (index === at ? size : one));
}
