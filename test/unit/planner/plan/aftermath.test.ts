/** What a plan says beside its answer, worked by hand: what binds, what it costs whom, what breaks it, and for how long it lasts. */
import { describe, expect, test } from "vitest";
import type { RunReadings } from "../../../../src/planner/job.ts";
import { bindingOf } from "../../../../src/planner/plan/binding.ts";
import { costsOf } from "../../../../src/planner/plan/costs.ts";
import { designsOf } from "../../../../src/planner/plan/design.ts";
import {
  type Candidate,
  type Horizon,
  Judge,
  type Tried,
} from "../../../../src/planner/plan/judge.ts";
import { runwayOf } from "../../../../src/planner/plan/runway.ts";
import { sensitivityOf } from "../../../../src/planner/plan/sensitivity.ts";
import { whatIfs } from "../../../../src/planner/plan/what-ifs.ts";
import type { PlanConfirmation, PlanPromise } from "../../../../src/results/plan.ts";
import type { Results } from "../../../../src/results/results.ts";
import { scenarioOf } from "../../../support/scenario.ts";
import { exampleResults } from "../../report/fixture.ts";
import { pooled, sourceOf, twoTiers } from "../files.ts";

const MOST_GPUS = 12;

/** The file's own platform with so many replicas of its pools, in their order. */
function candidateOf(text: string, sizes: readonly number[]): Candidate {
  const designs = designsOf(sourceOf(text), scenarioOf(text), MOST_GPUS);
  if ("tooMany" in designs) return expect.fail("few designs");
  const [design] = designs.possible;
  return { design: design ?? expect.fail("a design"), sizes };
}

function promise(tier: string): PlanPromise {
  return { tier, kind: "target", metric: "ttft", share: 0.95, limitMs: 500 };
}

const HORIZON: Horizon = { window: undefined, warmupNs: 2e9, seeds: [5], mostMissed: 0, share: 1 };

describe("what if", () => {
  test("hardware is lost: so many replicas of that pool, and no other", () => {
    const candidate = candidateOf(twoTiers(), [1, 4]);
    const asked = whatIfs(candidate)
      .filter(({ id }) => id.startsWith("lost-"))
      .map(({ id, question }) => [
        id,
        question.kind === "change" ? question.change.lost : question.isKept,
      ]);
    // King's only replica gone is a promise broken; of four shared ones, all on one machine of eight, one may be lost.
    expect(asked).toEqual([
      ["lost-gpu-0", false],
      ["lost-gpu-1", [[1, 1]]],
      ["lost-machine-1", false],
    ]);
  });

  test("traffic grows or hardware is lost: what is then needed, by arithmetic", async () => {
    // A replica has 4 slots of 200 ms, so it serves 20 requests/s; 30/s on even gaps need 2 of them.
    const text = twoTiers({ objective: "90%" })
      .replace("rate: 30/s", "rate: 15/s")
      .replace("rate: 20/s", "rate: 15/s")
      .replaceAll("process: poisson", "process: constant");
    const rows = await pooled(text, 2, async (pool) => {
      const options = {
        judge: new Judge(pool, () => {}),
        horizon: HORIZON,
        mostGpus: MOST_GPUS,
        mayGoOn: true,
      };
      return (await sensitivityOf(candidateOf(text, [1, 2]), options)).rows;
    });
    const said = new Map(rows.map(({ id, isKept, gpusNeeded }) => [id, [isKept, gpusNeeded]]));
    expect(said.get("growth-1")).toEqual([true, 3]);
    // 45/s are beyond 40/s, and 3 replicas serve 60/s; king's pool grows in proportion, from 1 to 2 at most.
    expect(said.get("growth-1.5")?.[0]).toBe(false);
    expect([4, 5]).toContain(said.get("growth-1.5")?.[1]);
    // 60/s: 4 replicas serve 80/s, and 3 exactly 60/s.
    expect(said.get("growth-2")?.[0]).toBe(false);
    expect([5, 6]).toContain(said.get("growth-2")?.[1]);
    // 30/s on one replica of 20/s.
    expect(said.get("lost-gpu-1")?.[0]).toBe(false);
  });
});

describe("how long it lasts", () => {
  const candidate = candidateOf(twoTiers(), [1, 2]);

  function tried(kind: "met" | "missed"): Tried {
    const fit = { kind, tiers: [] };
    return { candidate, horizon: HORIZON, fit, worst: null, isWhole: true, missed: 0, runs: [] };
  }

  test.each([
    // ln 2 / ln 1.08 = 0.6931 / 0.07696 = 9.006; ln 1.5 / ln 1.03 = 0.4055 / 0.02956 = 13.7; ln 1.25 / ln 1.3 = 0.85.
    [2, 3, 0.08, 9],
    [1.5, 2, 0.03, 13],
    [1.25, 1.5, 0.3, 0],
    [1, 1.25, 0.08, 0],
  ])("x %d held and x %d broke: at a growth of %d a month, %d whole months", async (...row) => {
    const [held, broke, monthlyGrowth, months] = row;
    const growths = [
      { growth: held, tried: tried("met") },
      { growth: broke, tried: tried("missed") },
    ];
    const options = { horizon: HORIZON, mostGpus: MOST_GPUS, mayGoOn: false, monthlyGrowth };
    const runway = await pooled(twoTiers(), 1, (pool) =>
      runwayOf(candidate, growths, { ...options, judge: new Judge(pool, () => {}) }),
    );
    expect(runway).toMatchObject({ heldAt: held, breaksAt: broke, months });
  });
});

describe("what binds", () => {
  const scenario = scenarioOf(twoTiers());
  const PRESSURES = { gold: 0.4, silver: 0.9, bronze: 0.7 };
  const runs: readonly RunReadings[] = [
    {
      requests: 1000,
      isWhole: true,
      tiers: Object.entries(PRESSURES).map(([tier, pressure]) => ({
        tier,
        verdict: "met",
        promises: [{ promise: promise(tier), pressure, isKept: true, missShare: 0 }],
        worstAt: [null],
        worstPool: 0,
      })),
    },
  ];

  test("is what was read highest, or predicted highest where something is predicted", () => {
    expect(bindingOf(scenario, runs, null)?.reading.promise.tier).toBe("silver");
    const confirmation: PlanConfirmation = {
      claim: "share",
      rule: "margin",
      confidence: 0.95,
      seeds: [6, 7],
      runsMissed: 0,
      keptShareAtLeast: 0.2,
      promises: Object.keys(PRESSURES).map((tier, at) => ({
        promise: promise(tier),
        pressure: 0.5,
        spread: 0.1,
        predictedAtMost: [0.5, 0.92, 0.97][at]!,
      })),
    };
    expect(bindingOf(scenario, runs, confirmation)?.reading.promise.tier).toBe("bronze");
  });
});

describe("what it costs whom", () => {
  test("shared idle time is divided by use, and that of a tenant's own pool is its own", () => {
    const whole = exampleResults();
    const [own = expect.fail("a pool"), shared = expect.fail("two pools")] = whole.pools;
    const [first = expect.fail("a tenant"), ...others] = whole.tenants;
    const [second = expect.fail("two"), third = expect.fail("three")] = others;
    const withUse = (tenant: typeof first, name: string, gpuUsd: number, pools: string[]) => ({
      ...tenant,
      name,
      pools,
      cost: { ...tenant.cost, gpuUsd },
    });
    // $20 of its own pool, of which 12 used, and $80 shared, of which 48 used: 36 by one, 12 by the other.
    const results: Results = {
      ...whole,
      platform: { ...whole.platform, gpuUsd: 100 },
      pools: [
        { ...own, name: "own", owner: "king", gpuUsd: 20, chargedUsd: 12 },
        { ...shared, name: "shared", owner: null, gpuUsd: 80, chargedUsd: 48 },
      ],
      tenants: [
        withUse(first, "king", 12, ["own"]),
        withUse(second, "shop", 36, ["shared"]),
        withUse(third, "lab", 12, ["shared"]),
      ],
    };
    // The platform costs $50 an hour, so that every dollar of the run is half a dollar an hour.
    const parts = costsOf(results, 50).tenants.map((tenant) => [
      tenant.name,
      tenant.usedUsdPerHour,
      tenant.ownIdleUsdPerHour,
      tenant.sharedIdleUsdPerHour,
      tenant.usdPerHour,
    ]);
    // $32 of shared idle time: three quarters and one quarter.
    expect(parts).toEqual([
      ["king", 6, 4, 0, 10],
      ["shop", 18, 0, 12, 30],
      ["lab", 6, 0, 4, 10],
    ]);
  });
});
