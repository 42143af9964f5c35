/**
 * A plan at 95 % says that of fresh runs at most 5 % break a promise. Here every plan's answer is run 200 times more, with seeds
 * that neither its search nor its confirmation has used, as a file of its own with the plan's changes.
 */
import { describe, expect, test } from "vitest";
import { drawnScenario, isClean, overridesOf, planOf, Runs } from "./drawn.ts";

const REPLAYS = 200;
const EXPECTED_SHARE = 0.05;
/** Of 200 runs that each break a promise with 5 %, more than 21 do so once in 2,700 times (binomial). */
const MOST_BROKEN = 21;
const FRESH_FROM = 1_000_000;

/** Long enough for a P95 of the rarest tier to have some dozen requests beyond it. */
const SECONDS = 40;

function replay(text: string, overrides: readonly string[], warmupS: number): number {
  const runs = new Runs(text);
  const variant = { overrides, warmupNs: warmupS * 1e9 };
  let broken = 0;
  for (let at = 0; at < REPLAYS; at++) {
    if (!isClean(runs.of(variant, FRESH_FROM + at))) broken += 1;
  }
  return broken;
}

describe("a plan at 95 %", { timeout: 600_000 }, () => {
  const broken: number[] = [];

  test.each([
    [21, { seconds: SECONDS }],
    [22, { seconds: SECONDS }],
    // Ten to twenty replicas: the answer is closer to its limits than one of two can be.
    [34, { seconds: 15, crowd: 6 }],
    [36, { seconds: 15, crowd: 6 }],
  ])("is broken by few of 200 fresh runs, seed %i", async (seed, drawn) => {
    const text = drawnScenario(seed, drawn);
    const plan = await planOf(text);
    expect(plan.outcome, `seed ${seed}`).toBe("confirmed");
    const count = replay(text, overridesOf(plan), plan.statistics!.warmupS);
    broken.push(count);
    console.log(
      `seed ${seed}: ${plan.answer!.gpus} GPUs, by ${plan.confirmation!.rule} after ${plan.confirmation!.seeds.length} runs; ${count} of ${REPLAYS} fresh runs broke a promise`,
    );
    expect(count, `seed ${seed}`).toBeLessThanOrEqual(MOST_BROKEN);
  });

  test("and over all plans by no more than the expected share", () => {
    const all = broken.reduce((sum, count) => sum + count, 0);
    expect(all / (REPLAYS * broken.length)).toBeLessThanOrEqual(EXPECTED_SHARE);
  });
});

describe("the check can fail", { timeout: 600_000 }, () => {
  test("a platform with a replica less breaks promises in many of 200 fresh runs", async () => {
    const text = drawnScenario(21, { seconds: SECONDS });
    const plan = await planOf(text);
    const largest = plan.answer!.pools.toSorted((a, b) => b.replicas - a.replicas)[0]!;
    const fewer = `platform.pools.${largest.name}.replicas=${largest.replicas - 1}`;
    expect(replay(text, [...overridesOf(plan), fewer], plan.statistics!.warmupS)).toBeGreaterThan(
      MOST_BROKEN,
    );
  });
});
