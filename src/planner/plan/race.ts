/**
 * Which design to search first. All are tried at the price of a platform that works, and at ever lower prices: those that hold out
 * longest are the most promising. Of many, short runs choose who takes part (successive halving).
 */
import { priceOf } from "./design.ts";
import { successiveHalving } from "./halving.ts";
import type { Candidate, Horizon, Judge, Tried } from "./judge.ts";
import type { SearchedDesign } from "./search-outcome.ts";
import { badness, cheaperLike, priceOfTried } from "./search-sizes.ts";
import type { Trials } from "./trials.ts";

/** Factor between the prices at which designs race. */
const PRICE_STEP = 0.8;
/** Designs that take part; of more, short runs choose these. */
const MOST_RACING = 6;

/** A design in the race, with the last platform of it that was tried, and the rounds it has survived. */
interface Racing {
  readonly one: SearchedDesign;
  readonly tried: Tried;
  readonly rounds: number;
}

/** The most promising first. `first` is a platform that works, of whatever design. */
export async function raced(
  designs: readonly SearchedDesign[],
  first: Tried,
  trials: Trials,
): Promise<readonly SearchedDesign[]> {
  if (designs.length === 1) return designs;
  let racing = designs.map((one): Racing => ({ one, tried: first, rounds: 0 }));
  const done: Racing[] = [];
  for (let price = PRICE_STEP * priceOfTried(first); racing.length > 0; price *= PRICE_STEP) {
    const able = racing.filter(({ one }) => leastPrice(one) < price);
    done.push(...racing.filter(({ one }) => leastPrice(one) >= price));
    const candidates = able.map(({ one, tried }): Candidate => {
      return { design: one.design, sizes: cheaperLike(one, tried, price) };
    });
    const all = await trials.all(candidates, "design");
    const met = able.map((each, at): Racing => ({ ...each, tried: all[at]! }));
    done.push(...met.filter(({ tried }) => tried.fit.kind !== "met"));
    racing = met
      .filter(({ tried }) => tried.fit.kind === "met")
      .map((each) => ({ ...each, rounds: each.rounds + 1 }));
  }
  done.sort((a, b) => b.rounds - a.rounds || badness(a.tried) - badness(b.tried));
  return done.map(({ one }) => one);
}

/** Those that come nearest to their promises below the price of a platform that works, on ever longer runs. */
export async function mostPromising(
  designs: readonly SearchedDesign[],
  first: Tried,
  { judge, rungs }: { readonly judge: Judge; readonly rungs: readonly Horizon[] },
): Promise<{
  readonly kept: readonly SearchedDesign[];
  readonly dropped: readonly SearchedDesign[];
}> {
  if (designs.length <= MOST_RACING) return { kept: designs, dropped: [] };
  const price = priceOfTried(first);
  const beatable = designs.filter((one) => leastPrice(one) < price);
  const { kept, dropped } = await successiveHalving(beatable, {
    rungs,
    keep: MOST_RACING,
    evaluate: async (all, horizon) => {
      const candidates = all.map((one): Candidate => {
        return { design: one.design, sizes: cheaperLike(one, first, price) };
      });
      const tried = await judge.judgeAll(candidates, { phase: "halving", horizon });
      return tried.map(badness);
    },
  });
  return { kept: [...kept, ...designs.filter((one) => !beatable.includes(one))], dropped };
}

/** What the design's work alone costs. */
export function leastPrice({ design, bounds }: SearchedDesign): number {
  return priceOf(design, bounds.least).nanoUsdPerHour;
}
