/** Autoscaling and faults of several replicas as a file states them: what they resolve to, and what is refused and why. */
import { expect, test } from "vitest";
import { loadScenario } from "../../../src/scenario/load.ts";
import { scenarioOf } from "../../support/scenario.ts";

const SCALE = { min: 2, max: 5 };

function fileWith(pool: object, rest: object = {}): object {
  return {
    version: 2,
    name: "scaling",
    platform: {
      pools: { shared: { model: "llama-3.1-8b", gpu: "h100-sxm", replicas: 2, ...pool } },
      tenants: { acme: { tier: "gold" } },
    },
    ...rest,
  };
}

function problems(file: object): string[] {
  const loaded = loadScenario(JSON.stringify(file), { fileName: "test.yaml", overrides: [] });
  if (loaded.kind === "loaded") return [];
  return loaded.problems.map(({ path, message }) => `${path}: ${message}`);
}

test("a pool that scales has its most replicas, and begins with those stated", () => {
  const { pools } = scenarioOf(fileWith({ replicas: 3, autoscale: SCALE })).platform;
  expect(pools[0]).toMatchObject({ replicas: 5, gpusPerNode: 8 });
  expect(pools[0]!.autoscale).toEqual({
    min: 2,
    initial: 3,
    provisioningDelayNs: 60e9,
    scaleOutAbove: 0.7,
    scaleOutAfterNs: 10e9,
    scaleInBelow: 0.5,
    scaleInAfterNs: 300e9,
    cooldownNs: 30e9,
    smoothingNs: 10e9,
  });
});

const POOL = "platform.pools.shared";

test.each([
  [{ autoscale: { min: 3, max: 2 } }, [`${POOL}.autoscale.max: expected max to be at least min`]],
  [
    { autoscale: { ...SCALE, scaleOutAbove: 0.4 } },
    [
      `${POOL}.autoscale: expected scaleInBelow (here 0.5) to be less than scaleOutAbove (here 0.4), or the pool would scale out and in for ever`,
    ],
  ],
  [
    { replicas: 6, autoscale: SCALE },
    [`${POOL}.replicas: the pool starts with 6 replicas: expected 2 to 5, as autoscale says`],
  ],
])("%j is refused", (pool, expected) => {
  expect(problems(fileWith(pool))).toEqual(expected);
});

test("upstream servers do not scale", () => {
  const server = { url: "http://127.0.0.1:8000/v1", model: "m" };
  const serve = {
    backend: "openai",
    upstreams: { shared: Array.from({ length: 5 }, () => server) },
  };
  expect(problems(fileWith({ autoscale: SCALE }, { serve }))).toEqual([
    `${POOL}.autoscale: upstream servers cannot be started and stopped from here: leave out autoscale, or serve with backend: paced`,
  ]);
});

test("faults by node, by share and at random", () => {
  const faults = [
    { node: { pool: "shared", node: 0, at: "1s", downFor: "forever" } },
    { lose: { pool: "shared", share: "20%", at: "2s", for: "3s" } },
    { random: { pool: "shared", of: "node", mtbf: "1h", mttr: "10min" } },
  ];
  expect(scenarioOf(fileWith({ replicas: 9 }, { faults })).faults).toEqual([
    { kind: "node", pool: 0, node: 0, atNs: 1e9, downForNs: Infinity },
    { kind: "lose", pool: 0, count: { share: 0.2 }, atNs: 2e9, downForNs: 3e9 },
    { kind: "random", pool: 0, of: "node", mtbfNs: 3600e9, mttrNs: 600e9 },
  ]);
});

const FOR_GOOD =
  "all 2 replicas of pool 'shared' would be lost for good, and its requests wait for ever: leave one, or say until when";
const lose = (change: object) => ({ pool: "shared", at: "1s", for: "1s", ...change });

test.each([
  [
    [{ node: { pool: "shared", node: 1, at: "1s", downFor: "1s" } }],
    "faults[0].node.node",
    "pool 'shared' fills nodes 0 to 0 of 8 GPUs, got 1",
  ],
  [
    [{ lose: lose({ replicas: 3 }) }],
    "faults[0].lose.replicas",
    "pool 'shared' has 2 replicas, got 3",
  ],
  [[{ lose: lose({}) }], "faults[0].lose", "expected exactly one of replicas, share"],
  [
    [{ node: { pool: "shared", node: 0, at: "1s", downFor: "forever" } }],
    "faults[0].node",
    FOR_GOOD,
  ],
  [
    [
      { lose: lose({ replicas: 1, for: "forever" }) },
      { lose: lose({ share: "1%", for: "forever" }) },
    ],
    "faults[1].lose",
    FOR_GOOD,
  ],
])("%j is refused", (faults, path, message) => {
  expect(problems(fileWith({}, { faults }))).toEqual([`${path}: ${message}`]);
});
