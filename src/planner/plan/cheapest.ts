/**
 * Proves that nothing cheaper fits, or finds it. Fitting is taken to be monotone: more replicas never serve worse, so a size that
 * does not fit rules out every smaller one, and it is enough to try the largest of those that cost less. How small each pool
 * may be with all others as large as the price allows leaves few of them. Knows nothing of simulations.
 */
import type { Fit } from "../smallest.ts";

export interface PricedPool {
  /** Whole units of money, so that prices add up exactly. */
  readonly price: number;
  readonly least: number;
  readonly most: number;
}

export type Sizes = readonly number[];

export interface PricedSpace {
  readonly pools: readonly PricedPool[];
  /** Largest sizes tried for a proof, at most. */
  readonly mostTries: number;
}

/** Asked once per size. */
export type Fits = (sizes: Sizes) => Promise<Fit>;

export type Cheaper =
  | { readonly kind: "found"; readonly sizes: Sizes }
  /** Nothing below the price fits, provided that fitting is monotone. */
  | { readonly kind: "none" }
  /** Too many sizes would have to be tried: none of those tried fits. */
  | { readonly kind: "unproven" };

export function priceOfSizes(pools: readonly PricedPool[], sizes: Sizes): number {
  return pools.reduce((sum, { price }, at) => sum + price * sizes[at]!, 0);
}

export interface Asking {
  /** Where to look first: a size that may itself cost as much or more. */
  readonly from: Sizes;
  readonly fits: Fits;
  /** A cheaper question, of which a no is a no to `fits` as well; asked where only a no is of use. */
  readonly mayFit?: Fits;
}

/** A size that fits and costs less than `below`. */
export async function cheaperThan(
  space: PricedSpace,
  below: number,
  { from, fits, mayFit = fits }: Asking,
): Promise<Cheaper> {
  const search = new Search(space, { fits, mayFit });
  if (
    priceOfSizes(
      space.pools,
      space.pools.map(({ least }) => least),
    ) >= below
  ) {
    return { kind: "none" };
  }
  if (priceOfSizes(space.pools, from) < below && (await search.fitsNow(from))) {
    return { kind: "found", sizes: from };
  }
  // Where few sizes may be tried, they are better spent on what might fit.
  if (space.mostTries > space.pools.length * 2) await search.raiseFloors(below, from);
  const largest = search.largestBelow(below);
  if (largest === undefined) return { kind: "none" };
  const tries = largest.sizes
    .toSorted((a, b) => distance(a, from) - distance(b, from) || inOrder(a, b))
    .slice(0, space.mostTries);
  for (const sizes of tries) {
    if (await search.fitsNow(sizes)) return { kind: "found", sizes };
  }
  const isProven = largest.isAll && tries.length === largest.sizes.length;
  return { kind: isProven ? "none" : "unproven" };
}

/** More combinations are not even listed. */
const MOST_LISTED = 4096;

class Search {
  readonly #space: PricedSpace;
  readonly #asking: Pick<Required<Asking>, "fits" | "mayFit">;
  #floors: number[];
  readonly #misfits: Sizes[] = [];
  readonly #fitting = new Set<string>();

  constructor(space: PricedSpace, asking: Pick<Required<Asking>, "fits" | "mayFit">) {
    this.#space = space;
    this.#asking = asking;
    this.#floors = space.pools.map(({ least }) => least);
  }

  async fitsNow(sizes: Sizes, question: "fits" | "mayFit" = "fits"): Promise<boolean> {
    if (this.#misfits.some((misfit) => sizes.every((size, at) => size <= misfit[at]!)))
      return false;
    const key = sizes.join(" ");
    if (this.#fitting.has(key)) return true;
    const { fits, mayFit } = this.#asking;
    const { kind } = await (question === "fits" ? fits : mayFit)(sizes);
    if (kind !== "met") this.#misfits.push(sizes);
    // That it may fit is no more than was known, unless it is all that is asked.
    else if (question === "fits" || mayFit === fits) this.#fitting.add(key);
    return kind === "met";
  }

  /** Where one replica less than `from` fails however large the others are, `from` is as small as that pool can be. */
  async raiseFloors(below: number, from: Sizes): Promise<void> {
    if (this.#space.pools.length === 1) return;
    for (const at of this.#space.pools.keys()) {
      const { least, most } = this.#space.pools[at]!;
      const size = Math.min(from[at]!, most) - 1;
      if (size < Math.max(least, this.#floors[at]!)) continue;
      const others = this.#largestOthers(below, at);
      if (others === undefined) continue;
      const sizes = others.map((other, index) => (index === at ? size : other));
      if (!(await this.fitsNow(sizes, "mayFit"))) this.#floors[at] = size + 1;
    }
  }

  /** Every other pool as large as it could be at this price if all but it were at their floors. */
  #largestOthers(below: number, at: number): number[] | undefined {
    const { pools } = this.#space;
    const floorPrice = priceOfSizes(pools, this.#floors);
    if (floorPrice >= below) return undefined;
    return pools.map(({ price, most }, index) => {
      const floor = this.#floors[index]!;
      if (index === at) return floor;
      return Math.min(most, floor + spare(below - floorPrice, price));
    });
  }

  /** All sizes at or above the floors that cost less and to which nothing can be added; undefined where there is none. */
  largestBelow(
    below: number,
  ): { readonly sizes: readonly Sizes[]; readonly isAll: boolean } | undefined {
    const { pools } = this.#space;
    const floorPrice = priceOfSizes(pools, this.#floors);
    if (floorPrice >= below) return undefined;
    const found: Sizes[] = [];
    const extend = (chosen: number[], left: number): void => {
      if (found.length >= MOST_LISTED) return;
      const at = chosen.length;
      if (at === pools.length) {
        if (this.#isLargest(chosen, left)) found.push([...chosen]);
        return;
      }
      const { price, most } = pools[at]!;
      const floor = this.#floors[at]!;
      for (let size = Math.min(most, floor + spare(left, price)); size >= floor; size--) {
        extend([...chosen, size], left - (size - floor) * price);
      }
    };
    extend([], below - floorPrice);
    return { sizes: found, isAll: found.length < MOST_LISTED };
  }

  #isLargest(sizes: Sizes, left: number): boolean {
    return this.#space.pools.every(({ price, most }, at) => sizes[at]! >= most || price >= left);
  }
}

/** Units of this price that fit into less than `money`. */
function spare(money: number, price: number): number {
  return Math.max(0, Math.ceil(money / price) - 1);
}

function distance(a: Sizes, b: Sizes): number {
  return a.reduce((sum, size, at) => sum + Math.abs(size - b[at]!), 0);
}

function inOrder(a: Sizes, b: Sizes): number {
  const at = a.findIndex((size, index) => size !== b[index]);
  return at === -1 ? 0 : a[at]! - b[at]!;
}
