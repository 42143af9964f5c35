/** Faults that strike several replicas, at planned and at random times: who goes down, when, and that nothing else moves. */
import { expect, test } from "vitest";
import { scenarioOf, simulate } from "../../support/scenario.ts";
import { nodeReplicas, nodesOf } from "../../../src/scenario/nodes.ts";

const CLIENT = {
  arrivals: { process: "poisson", rate: "20/s" },
  promptTokens: 100,
  outputTokens: { exponential: { mean: 60, max: 400 } },
};

function run(pool: object, faults: readonly object[], seed = 1) {
  return simulate(
    scenarioOf({
      version: 2,
      name: "faults",
      platform: {
        pools: { shared: { model: "llama-3.1-8b", gpu: "h100-sxm", ...pool } },
        tenants: { a: { tier: "gold" } },
      },
      workload: { a: CLIENT },
      faults,
      simulation: { duration: "60s", seed },
    }),
  );
}

/** "3 s down 1" for every time a replica went down or came up. */
function log({ results }: ReturnType<typeof run>): string[] {
  return results.events
    .filter(({ kind }) => kind === "replica-down" || kind === "replica-up")
    .map(
      ({ atS, kind, replica }) =>
        `${atS} s ${kind.slice("replica-".length)} ${replica?.split("/")[1]}`,
    );
}

function downSeconds({ results }: ReturnType<typeof run>): number[] {
  return results.replicas.map((replica) => replica.downSeconds);
}

function sent({ records }: ReturnType<typeof run>): string[] {
  return records.map(({ sent: { arrival } }) => JSON.stringify(arrival)).toSorted();
}

test("replicas of three GPUs in machines of eight: those that span two go down with either", () => {
  const { platform } = scenarioOf({
    version: 2,
    name: "nodes",
    platform: {
      pools: { shared: { model: "llama-3.1-8b", gpu: "h100-sxm", replicas: 6, gpusPerNode: 8 } },
      tenants: { a: { tier: "gold" } },
    },
  });
  // GPUs 0-2, 3-5, 6-8, 9-11, 12-14, 15-17 on nodes 0-7, 8-15, 16-23.
  const pool = { ...platform.pools[0]!, gpusPerReplica: 3 };
  expect(nodesOf(pool)).toBe(3);
  expect([0, 1, 2].map((node) => nodeReplicas(pool, node))).toEqual([[0, 1, 2], [2, 3, 4, 5], [5]]);
});

test("a machine goes down with all it holds, and comes up with it", () => {
  const finished = run({ replicas: 4, gpusPerNode: 2 }, [
    { node: { pool: "shared", node: 1, at: "10s", downFor: "5s" } },
  ]);
  expect(log(finished)).toEqual(["10 s down 2", "10 s down 3", "15 s up 2", "15 s up 3"]);
  expect(finished.results.platform.counts.failed).toBe(0);
});

test("lost capacity takes the last replicas that work, and for good where it says so", () => {
  const finished = run({ replicas: 5 }, [
    { crash: { pool: "shared", replica: 4, at: "5s", downFor: "20s" } },
    { lose: { pool: "shared", replicas: 2, at: "10s", for: "5s" } },
    { lose: { pool: "shared", share: "21%", at: "30s", for: "forever" } },
  ]);
  expect(log(finished)).toEqual([
    "5 s down 4",
    "10 s down 2",
    "10 s down 3",
    "15 s up 2",
    "15 s up 3",
    "25 s up 4",
    // 21 % of five are two.
    "30 s down 3",
    "30 s down 4",
  ]);
});

test("held down by two faults, it comes up when the last ends; both are one outage", () => {
  const finished = run({ replicas: 2, gpusPerNode: 1 }, [
    { crash: { pool: "shared", replica: 1, at: "10s", downFor: "10s" } },
    { node: { pool: "shared", node: 1, at: "15s", downFor: "15s" } },
    { lose: { pool: "shared", replicas: 1, at: "40s", for: "4s" } },
    { node: { pool: "shared", node: 1, at: "41s", downFor: "1s" } },
  ]);
  expect(log(finished)).toEqual(["10 s down 1", "30 s up 1", "40 s down 1", "44 s up 1"]);
  expect(downSeconds(finished)).toEqual([0, 24]);
});

test("random failures have their mean times, come from streams of their own, and shift nobody's arrivals", () => {
  const random = { random: { pool: "shared", mtbf: "4s", mttr: "1s" } };
  let failures = 0;
  let downS = 0;
  for (let seed = 1; seed <= 10; seed++) {
    const finished = run({ replicas: 5 }, [random], seed);
    failures += log(finished).filter((line) => line.includes("down")).length;
    downS += downSeconds(finished).reduce((sum, seconds) => sum + seconds, 0);
    if (seed > 1) continue;
    expect(log(run({ replicas: 5 }, [random], seed))).toEqual(log(finished));
    expect(sent(finished)).toEqual(sent(run({ replicas: 5 }, [], seed)));
    // Another replica has times of its own and leaves those of the others alone.
    const fewer = log(run({ replicas: 4 }, [random], seed));
    const same = log(finished).filter((line) => !line.endsWith(" 4"));
    expect(fewer.filter((line) => line.includes("down"))).toEqual(
      same.filter((line) => line.includes("down")).slice(0, fewer.length),
    );
  }
  // 3,000 replica-seconds of 4 s up and 1 s down: 600 failures and 600 s, each give or take 3 x sqrt(600) and its like.
  expect(Math.abs(failures - 600)).toBeLessThan(75);
  expect(Math.abs(downS - 600)).toBeLessThan(90);
});

test("what is off cannot fail, and what is provisioned after a fault is another machine", () => {
  const autoscale = { min: 1, max: 2, provisioningDelay: "2s" };
  const finished = run({ replicas: 1, autoscale }, [
    { crash: { pool: "shared", replica: 1, at: "5s", downFor: "10s" } },
    { crash: { pool: "shared", replica: 0, at: "30s", downFor: "20s" } },
    { slow: { pool: "shared", replica: 1, at: "6s", for: "50s", factor: 3 } },
  ]);
  // Replica 0 is replaced at once, for fewer than the least work.
  expect(log(finished)).toEqual(["30 s down 0", "32 s up 1", "50 s up 0"]);
  expect(finished.results.events.some(({ kind }) => kind === "replica-slow")).toBe(false);
});
