/** Sizes and prices that a search compares by. */
import type { DesignBounds } from "./bounds.ts";
import { priceOfSizes, type PricedPool } from "./cheapest.ts";
import { type Design, priceOf } from "./design.ts";
import { pressureOf, type Tried } from "./judge.ts";

export function priceOfTried({ candidate }: Tried): number {
  return priceOf(candidate.design, candidate.sizes).nanoUsdPerHour;
}

/** Replicas of these pools together, those that are not searched included. */
export function replicasOf(
  { scenario, sized }: Design,
  sizes: readonly number[],
  pools: readonly number[],
): number {
  return pools.reduce((sum, pool) => {
    const at = sized.findIndex((one) => one.pool === pool);
    return sum + (at === -1 ? scenario.platform.pools[pool]!.replicas : sizes[at]!);
  }, 0);
}

/** A replica more in the pool where the first tier that missed is nearest to its limit; undefined where it cannot grow. */
export function repaired({ candidate, runs }: Tried): readonly number[] | undefined {
  const { design, sizes } = candidate;
  const missing = runs.flatMap((run) => run.tiers.filter(({ verdict }) => verdict === "missed"));
  const [first] = missing;
  // The pool that is the worst in most runs, the earlier of equals.
  const votes = missing.filter(({ tier }) => tier === first?.tier);
  const pools = design.sized.map(({ pool }) => {
    return votes.filter(({ worstPool }) => worstPool === pool).length;
  });
  const at = pools.indexOf(Math.max(...pools));
  if (at === -1 || pools[at] === 0 || sizes[at]! >= design.sized[at]!.most) return undefined;
  return sizes.map((size, index) => (index === at ? size + 1 : size));
}

/** Kept before unknown before missed; then by how near the worst promise came. */
export function badness({ fit, worst }: Tried): number {
  const pressure = worst === null ? 0 : pressureOf(worst);
  return fit.kind === "missed" ? Math.max(1, pressure) : pressure;
}

/** GPUs of the pools that are not searched. */
export function fixedGpus(design: Design): number {
  return priceOf(
    design,
    design.sized.map(() => 0),
  ).gpus;
}

/** The design's searched pools with prices and limits, and what the pools that are not searched cost. */
export function pricedPools(
  design: Design,
  bounds: DesignBounds,
): { readonly pools: readonly PricedPool[]; readonly fixed: number } {
  const none = design.sized.map(() => 0);
  return {
    fixed: priceOf(design, none).nanoUsdPerHour,
    pools: design.sized.map(({ nanoUsdPerHour, most }, at) => ({
      price: nanoUsdPerHour,
      least: bounds.least[at]!,
      most,
    })),
  };
}

/**
 * Sizes of a design that cost less than a price: those of a platform that works, with fewer replicas of the largest pool, where both
 * have the same pools; otherwise whatever the guess says in proportion.
 */
export function cheaperLike(
  { design, bounds }: { readonly design: Design; readonly bounds: DesignBounds },
  { candidate }: Tried,
  price: number,
): readonly number[] {
  const isAlike = poolNames(design) === poolNames(candidate.design) && candidate.sizes.length > 0;
  if (!isAlike) return affordable(design, bounds, price);
  const sizes = candidate.sizes.map((size, at) => Math.max(size, bounds.least[at]!));
  const largest = sizes.indexOf(Math.max(...sizes));
  while (priceOf(design, sizes).nanoUsdPerHour >= price) {
    if (sizes[largest]! <= bounds.least[largest]!) return affordable(design, bounds, price);
    sizes[largest]! -= 1;
  }
  return sizes;
}

function poolNames({ sized }: Design): string {
  return sized.map(({ name }) => name).join();
}

/** Sizes in the proportions of the guess that use up what may be spent. */
function affordable(design: Design, bounds: DesignBounds, price: number): readonly number[] {
  const { pools, fixed } = pricedPools(design, bounds);
  return balanced(pools, bounds.guess, price - fixed);
}

function balanced(
  pools: readonly { readonly price: number; readonly least: number; readonly most: number }[],
  guess: readonly number[],
  below: number,
): number[] {
  const sizes = pools.map(({ least }) => least);
  for (;;) {
    // The pool that is furthest behind its guess gets the next replica, as long as that stays below the price.
    const next = [...pools.keys()]
      .filter((at) => {
        const larger = sizes.map((size, index) => (index === at ? size + 1 : size));
        return sizes[at]! < pools[at]!.most && priceOfSizes(pools, larger) < below;
      })
      .toSorted((a, b) => sizes[a]! / guess[a]! - sizes[b]! / guess[b]! || a - b)[0];
    if (next === undefined) return sizes;
    sizes[next]! += 1;
  }
}
