/**
 * Cost against promises: platforms around the answer, a little smaller and a little larger, and of all that were tried those that
 * nothing cheaper outdoes. Below the answer one sees what a saved GPU would break, above it what another one buys.
 */
import type { FrontierPoint } from "../../results/plan.ts";
import { priceOf } from "./design.ts";
import {
  type Candidate,
  type Horizon,
  type Judge,
  pressureOf,
  sizesOf,
  type Tried,
} from "./judge.ts";

/** Replicas of the largest pool more or fewer than the answer has. */
const OFFSETS = [-2, -1, 0, 1, 2, 4];

export async function frontierOf(
  judge: Judge,
  best: Candidate,
  horizon: Horizon,
): Promise<readonly FrontierPoint[]> {
  const known = judge.tried.filter((one) => one.horizon === horizon);
  const around = neighbours(best).filter(
    ({ sizes }) =>
      !known.some(
        ({ candidate }) =>
          candidate.design === best.design && candidate.sizes.join() === sizes.join(),
      ),
  );
  const looks = around.map((one) => judge.look(one, { horizon }));
  const tried = await Promise.all(looks);
  for (const one of tried) judge.countRuns(one);
  return undominated([...tried, ...known].map(pointOf));
}

function neighbours({ design, sizes }: Candidate): Candidate[] {
  if (sizes.length === 0) return [{ design, sizes }];
  const at = sizes.indexOf(Math.max(...sizes));
  const { least, most } = design.sized[at]!;
  return OFFSETS.map((offset) => sizes[at]! + offset)
    .filter((size) => size >= least && size <= most)
    .map((size) => ({ design, sizes: sizes.map((one, index) => (index === at ? size : one)) }));
}

function pointOf(tried: Tried): FrontierPoint {
  const { candidate, worst, fit, runs, missed } = tried;
  const { gpus, nanoUsdPerHour } = priceOf(candidate.design, candidate.sizes);
  return {
    gpus,
    usdPerHour: nanoUsdPerHour / 1e9,
    design: candidate.design.words,
    sizes: sizesOf(candidate),
    worst: worst!,
    isKept: fit.kind === "met",
    runs: runs.length,
    missed,
  };
}

/** By rising price, only what comes nearer to its promises than all that costs less. */
function undominated(points: readonly FrontierPoint[]): FrontierPoint[] {
  const order = points
    .filter(({ worst }) => worst !== null)
    .toSorted((a, b) => a.usdPerHour - b.usdPerHour || pressureOf(a.worst) - pressureOf(b.worst));
  let least = Infinity;
  return order.filter(({ worst }) => {
    const pressure = pressureOf(worst);
    if (pressure >= least) return false;
    least = pressure;
    return true;
  });
}
