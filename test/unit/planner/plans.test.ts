/** Plans run by threads: the search against every size there is, equal bytes with one thread and with two, and no effect where there can be none. */
import { describe, expect, test } from "vitest";
import { planInterference } from "../../../src/planner/interference-plan.ts";
import { JobRunner, type RunReadings } from "../../../src/planner/job.ts";
import { fitOfRuns } from "../../../src/planner/meets-slas.ts";
import { planPolicies } from "../../../src/planner/policy-plan.ts";
import { variantOf } from "../../../src/planner/variant.ts";
import { scenarioOf, simulate } from "../../support/scenario.ts";
import { pooled, sourceOf, twoTiers } from "./files.ts";

const POLICIES = ["fcfs", "strict-priority", "vtc", "slo-fair"] as const;
const MOST_GPUS = 12;
const SIZES = Array.from({ length: MOST_GPUS }, (_, at) => at + 1);

function plan(threads: number, text: string, replications: number) {
  const options = { policies: POLICIES, replications, mostGpus: MOST_GPUS };
  return pooled(text, threads, (pool) => planPolicies(pool, scenarioOf(text), options));
}

describe("the smallest platform", () => {
  const text = twoTiers();
  const scenario = scenarioOf(text);

  /** Whether every tier keeps its promise under both seeds, simulated here and whole. */
  function meets(variant: Parameters<typeof variantOf>[1]): boolean {
    const runs = [5, 6].map((seed) => simulate(variantOf(scenario, variant, seed)).results);
    return fitOfRuns(runs).kind === "met";
  }

  /** The least pool of the partition with which all is well, the other as large as it may be. */
  function least(pool: number): number {
    const others = [3 - pool, MOST_GPUS] as const;
    return SIZES.find((size) => meets({ isPartitioned: true, replicas: [[pool, size], others] }))!;
  }

  test("is what trying every size says, for every policy and for the partition", async () => {
    const outcomes = await plan(2, text, 2);
    for (const policy of POLICIES) {
      const gpus = SIZES.find((size) => meets({ policy, replicas: [[1, size]] }));
      const outcome = outcomes.find(({ name }) => name === policy)!;
      expect(outcome.smallest, policy).toEqual({ kind: "found", replicas: [gpus], gpus });
    }
    const partition = outcomes.find(({ name }) => name === "static-partition")!;
    if (partition.smallest?.kind !== "found") expect.fail("the partition fits within the limit");
    const [silver = 0, bronze = 0] = partition.smallest.replicas;
    expect(partition.pools).toEqual(["shared-silver", "shared-bronze"]);
    expect([silver, bronze]).toEqual([least(1), least(2)]);
    expect(partition.smallest.gpus).toBe(silver + bronze);
  });

  test("one thread and two say the same, byte for byte", async () => {
    const one = JSON.stringify(await plan(1, text, 2));
    expect(JSON.stringify(await plan(2, text, 2))).toBe(one);
  });

  test("replicas of several GPUs are counted by their GPUs", async () => {
    const wide = text.replaceAll("gpu: h100-sxm", "gpu: h100-sxm, tensorParallel: 2");
    const [outcome] = await pooled(wide, 2, (pool) =>
      planPolicies(pool, scenarioOf(wide), { policies: ["fcfs"], replications: 1, mostGpus: 24 }),
    );
    if (outcome?.smallest?.kind !== "found") expect.fail("it fits within the limit");
    expect(outcome.smallest.gpus).toBe(2 * outcome.smallest.replicas[0]!);
  });

  test("a promise that a dedicated pool breaks is not within any number of shared GPUs", async () => {
    const broken = text.replace("rate: 5/s", "rate: 40/s");
    const [outcome] = await pooled(broken, 2, (pool) =>
      planPolicies(pool, scenarioOf(broken), { policies: ["fcfs"], replications: 1, mostGpus: 8 }),
    );
    expect(outcome?.smallest).toEqual({ kind: "not-within", mostGpus: 8, tiers: ["gold"] });
  });

  test("too few requests are told as such", async () => {
    const short = twoTiers({ simulation: "{ duration: 5s, warmup: 0s, audit: { requests: 0 } }" });
    const [outcome] = await pooled(short, 2, (pool) =>
      planPolicies(pool, scenarioOf(short), { policies: ["fcfs"], replications: 1, mostGpus: 64 }),
    );
    const smallest = outcome?.smallest;
    expect(smallest?.kind).toBe("not-enough-data");
    expect(smallest?.kind === "not-enough-data" && smallest.tiers).toContain("gold");
  });
});

function verdicts({ tiers }: RunReadings) {
  return tiers.map(({ tier, verdict }) => ({ tier, verdict }));
}

function missed(readings: RunReadings) {
  return verdicts(readings).filter(({ verdict }) => verdict === "missed");
}

describe("leaving a run that is certain to miss", () => {
  // Long enough for the simulator to look at its progress several times.
  const text = twoTiers({ simulation: "{ duration: 20min, warmup: 2s, audit: { requests: 0 } }" });
  const runner = new JobRunner(sourceOf(text));

  test.each([1, 2, 3, 4, 6])(
    "changes no verdict with %i replicas, and saves time where one is missed",
    (size) => {
      const variant = { replicas: [[1, size]] as const };
      const shares: number[] = [];
      const early = runner.run(
        { variant, seed: 1, wanted: { kind: "readings", mayLeave: true } },
        (share) => shares.push(share),
      );
      const late = runner.run(
        { variant, seed: 1, wanted: { kind: "readings", mayLeave: false } },
        () => {},
      );
      const whole = runner.run({ variant, seed: 1, wanted: { kind: "results" } }, () => {});
      if (early.kind !== "readings" || late.kind !== "readings" || whole.kind !== "results")
        expect.fail("readings and results were asked for");
      expect(verdicts(late.readings)).toEqual(
        whole.results.tiers.map(({ name, sla }) => ({ tier: name, verdict: sla.verdict })),
      );
      for (const one of missed(early.readings)) expect(missed(late.readings)).toContainEqual(one);
      expect(missed(early.readings).length > 0).toBe(missed(late.readings).length > 0);
      if (size === 1) expect(shares.at(-1)).toBeLessThan(0.9);
    },
  );
});

describe("interference", () => {
  test("is none from whoever shares nothing, and some from whoever shares a full pool", async () => {
    const text = twoTiers();
    const { present, absences } = await pooled(text, 2, (pool) =>
      planInterference(pool, scenarioOf(text), 2),
    );
    expect(absences.map(({ tenant }) => tenant)).toEqual(["king", "shop", "lab"]);
    const tail = (runs: typeof present, tenant: number) =>
      runs.map(({ tenants }) => tenants[tenant]!.latency.ttftMs);
    const [withoutKing, withoutShop] = absences.map(({ runs }) => runs);
    expect(tail(withoutKing!, 1)).toEqual(tail(present, 1));
    expect(tail(withoutShop!, 0)).toEqual(tail(present, 0));
    for (const [at, { p99 }] of tail(present, 2).entries()) {
      expect(p99).toBeGreaterThan(tail(withoutShop!, 2)[at]!.p99!);
    }
    expect(present.map(({ scenario }) => scenario.seed)).toEqual([5, 6]);
  });

  test("one thread and two say the same, byte for byte", async () => {
    const text = twoTiers();
    const run = (threads: number) =>
      pooled(text, threads, (pool) => planInterference(pool, scenarioOf(text), 1));
    expect(JSON.stringify(await run(1))).toBe(JSON.stringify(await run(2)));
  });
});
