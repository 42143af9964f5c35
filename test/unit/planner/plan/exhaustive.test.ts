/**
 * Plans of small random platforms against trying everything: every design and every size that costs less than the answer is
 * simulated on the plan's own seeds, and none of them keeps every promise at the plan's distance from the limits. Bounds, inferred
 * sizes and excluded designs are all put to the test: none is taken for granted here.
 */
import { describe, expect, test } from "vitest";
import { designsOf, priceOf, type Design } from "../../../../src/planner/plan/design.ts";
import { tightPromises } from "../../../../src/planner/plan/guard.ts";
import type { PlanResult } from "../../../../src/results/plan.ts";
import { scenarioOf } from "../../../support/scenario.ts";
import { sourceOf } from "../files.ts";
import { drawnScenario, isClean, planOf, Runs } from "./drawn.ts";

function* sizesBelow(design: Design, usd: number): Generator<number[]> {
  const { sized } = design;
  const extend = function* (chosen: number[]): Generator<number[]> {
    const rest = sized.slice(chosen.length);
    const least = [...chosen, ...rest.map(() => 1)];
    if (priceOf(design, least).nanoUsdPerHour / 1e9 >= usd - 1e-9) return;
    if (rest.length === 0) {
      yield chosen;
      return;
    }
    for (let size = 1; size <= rest[0]!.most; size++) yield* extend([...chosen, size]);
  };
  yield* extend([]);
}

/** Whether a platform would have been an answer: clean on the search's seeds, and far enough from every limit. */
function isGoodEnough(
  runs: Runs,
  design: Design,
  asked: { sizes: number[]; plan: PlanResult },
): boolean {
  const { searchSeeds, warmupS, spreads, spreadRuns, keptAway } = asked.plan.statistics!;
  const replicas = design.sized.map(({ pool }, at) => [pool, asked.sizes[at]!] as const);
  const variant = { overrides: design.overrides, replicas, warmupNs: warmupS * 1e9 };
  const readings = [];
  for (const seed of searchSeeds) {
    const one = runs.of(variant, seed);
    if (!isClean(one)) return false;
    readings.push(one);
  }
  const guard = { spreads: spreads.map(({ spread }) => spread), runs: spreadRuns, keptAway };
  return tightPromises(readings, guard).length === 0;
}

async function check(seed: number, choices: boolean): Promise<{ tried: number; plan: PlanResult }> {
  const text = drawnScenario(seed, { choices });
  const scenario = scenarioOf(text);
  const plan = await planOf(text);
  const told = `seed ${seed}${choices ? " with choices" : ""}`;
  expect(plan.outcome, told).toBe("confirmed");
  const refused = plan.runnersUp.filter(({ why }) => why.includes("fresh seeds"));
  const designs = designsOf(sourceOf(text), scenario, plan.ask.mostGpus);
  if ("tooMany" in designs) throw new Error("a small scenario has few designs");
  const runs = new Runs(text);
  let tried = 0;
  for (const design of designs.possible) {
    for (const sizes of sizesBelow(design, plan.answer!.usdPerHour)) {
      tried += 1;
      if (!isGoodEnough(runs, design, { sizes, plan })) continue;
      // What fresh seeds refused was good enough for the search, and is no answer all the same.
      const isRefused = refused.some(
        (one) =>
          one.design.join() === design.words.join() &&
          design.sized.every(
            ({ name }, at) => one.pools.find((pool) => pool.name === name)!.replicas === sizes[at],
          ),
      );
      expect(isRefused, `${told}: ${design.words.join()} ${sizes.join("+")} is cheaper`).toBe(true);
    }
  }
  return { tried, plan };
}

describe("nothing cheaper is found by trying everything", { timeout: 600_000 }, () => {
  test.each([1, 2, 3, 4, 5])("sizes, seed %i", async (seed) => {
    const { tried, plan } = await check(seed, false);
    console.log(
      `seed ${seed}: ${plan.answer!.gpus} GPUs at $${plan.answer!.usdPerHour}/h, ${tried} cheaper platforms tried, ${plan.work.simulations} simulations by the plan`,
    );
  });

  test.each([11, 12])("sizes, policies and batches, seed %i", async (seed) => {
    const { tried, plan } = await check(seed, true);
    console.log(
      `seed ${seed}: ${plan.answer!.gpus} GPUs at $${plan.answer!.usdPerHour}/h (${plan.answer!.design.join() || "own design"}), ${tried} cheaper platforms tried, ${plan.work.simulations} simulations by the plan`,
    );
  });
});
