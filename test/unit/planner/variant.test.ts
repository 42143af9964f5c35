/** Variants: what they change, and that they change nothing else. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { divided, isDivisible, partitioned, partsOf } from "../../../src/planner/partition.ts";
import { faultsWithin } from "../../../src/planner/variant-faults.ts";
import { variantOf } from "../../../src/planner/variant.ts";
import type { PoolConfig } from "../../../src/engine/config.ts";
import { isOfOneReplica } from "../../../src/scenario/resolve/faults.ts";
import type { FaultConfig } from "../../../src/scenario/scenario.ts";
import { scenarioOf, simulate } from "../../support/scenario.ts";
import { twoTiers } from "./files.ts";

describe("a silent tenant", () => {
  const whole = scenarioOf(twoTiers());
  const without = variantOf(whole, { silentTenant: 2 }, 5);

  test("sends nothing, stays in the platform, and leaves every other request as it was", () => {
    expect(without.platform).toEqual(whole.platform);
    const sent = (scenario: typeof whole, tenant: number): string[] =>
      simulate(scenario)
        .records.filter((one) => scenario.clients[one.sent.client]!.tenant === tenant)
        .map((one) => JSON.stringify(one.sent.arrival))
        .toSorted();
    expect(sent(without, 2)).toEqual([]);
    expect(sent(without, 0)).toEqual(sent(whole, 0));
    expect(sent(without, 1)).toEqual(sent(whole, 1));
  });

  test("lets nobody send more where requests are limited", () => {
    const limited = scenarioOf(twoTiers(), ["simulation.maxRequests=500"]);
    const { results } = simulate(limited);
    const arrivalsUntilNs = Math.round(results.run.arrivalSeconds * 1e9) + 1;
    const { results: others } = simulate(
      variantOf(limited, { silentTenant: 2, arrivalsUntilNs }, 5),
    );
    expect(others.run.requests).toBe(500 - results.tenants[2]!.counts.arrived);
    expect(others.tenants[1]!.counts.arrived).toBe(results.tenants[1]!.counts.arrived);
  });
});

test("policy, sizes and seed are put in place, and the scenario given is left alone", () => {
  const scenario = scenarioOf(twoTiers());
  const before = JSON.stringify(scenario);
  const variant = variantOf(scenario, { policy: "vtc", replicas: [[1, 7]] }, 99);
  expect(variant.platform.policy).toEqual({ ...scenario.platform.policy, name: "vtc" });
  expect(variant.platform.pools.map(({ replicas }) => replicas)).toEqual([1, 7]);
  expect(variant.simulation.seed).toBe(99);
  expect(JSON.stringify(scenario)).toBe(before);
});

describe("the static partition", () => {
  const lending = ["platform.pools.own.lend=true"];
  const scenario = scenarioOf(twoTiers({ replicas: 6 }), lending);

  test("splits the shared pool by the shares of the tiers that send to it: 30 to 20 of 6 replicas", () => {
    // One each, and of the other 4: 2.4 and 1.6, the larger remainder first.
    expect(partsOf(scenario)).toEqual([
      { from: 0, tier: undefined, replicas: 1 },
      { from: 1, tier: 1, replicas: 3 },
      { from: 1, tier: 2, replicas: 3 },
    ]);
    const { platform, clients } = partitioned(scenario);
    expect(platform.pools.map(({ name }) => name)).toEqual([
      "own",
      "shared-silver",
      "shared-bronze",
    ]);
    expect(platform.policy.name).toBe("fcfs");
    expect(platform.pools.map(({ lend }) => lend)).toEqual([false, false, false]);
    expect(platform.tenants.map(({ pools }) => pools)).toEqual([[0], [1], [2]]);
    expect(clients.map(({ pool }) => pool)).toEqual([0, 1, 2]);
  });

  test("a tier's fate is then its own: the other's requests make no difference to it", () => {
    const parted = partitioned(scenario);
    const alone = simulate(variantOf(parted, { silentTenant: 1 }, 5)).results.tenants[2]!;
    const beside = simulate(parted).results.tenants[2]!;
    expect(alone.latency).toEqual(beside.latency);
    expect(alone.sla).toEqual(beside.sla);
  });

  test("with fewer replicas than tiers, every tier is given one all the same, and that is no division", () => {
    const tiny = scenarioOf(twoTiers({ replicas: 1 }));
    const parts = partsOf(tiny);
    expect(parts.map(({ replicas }) => replicas)).toEqual([1, 1, 1]);
    expect(isDivisible(tiny, parts)).toBe(false);
    expect(isDivisible(scenario, partsOf(scenario))).toBe(true);
  });

  test("faults stay with the replica they strike", () => {
    const text = `${twoTiers({ replicas: 6 })}faults:
  - { crash: { pool: shared, replica: 2, at: 5s, downFor: 1s } }
  - { crash: { pool: shared, replica: 3, at: 5s, downFor: 1s } }
  - { crash: { pool: own, replica: 0, at: 5s, downFor: 1s } }
`;
    const { faults } = partitioned(scenarioOf(text));
    expect(faults).toMatchObject([
      { pool: 1, replica: 2 },
      { pool: 2, replica: 0 },
      { pool: 0, replica: 0 },
    ]);
  });

  test("faults of several replicas strike those of them that each part has; random ones go on in every part", () => {
    const text = `${twoTiers({ replicas: 6 })}faults:
  - { lose: { pool: shared, replicas: 4, at: 5s, for: 1s } }
  - { random: { pool: shared, mtbf: 1h, mttr: 1min } }
`;
    const { faults } = partitioned(scenarioOf(text));
    // Replicas 2 to 5 of the whole: the last of the first part, and all of the second.
    expect(faults).toMatchObject([
      { kind: "crash", pool: 1, replica: 2 },
      { kind: "crash", pool: 2, replica: 0 },
      { kind: "crash", pool: 2, replica: 1 },
      { kind: "crash", pool: 2, replica: 2 },
      { kind: "random", pool: 1 },
      { kind: "random", pool: 2 },
    ]);
  });

  test("division gives everybody one and loses nothing", () => {
    const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), shares, (whole, weights) => {
        const counts = divided(whole, weights);
        expect(Math.min(...counts)).toBeGreaterThanOrEqual(1);
        const sum = counts.reduce((total, count) => total + count, 0);
        expect(sum).toBe(Math.max(whole, weights.length));
      }),
    );
  });
});

function crash(replica: number, atS: number): FaultConfig {
  return { kind: "crash", pool: 0, replica, atNs: atS * 1e9, downForNs: 10e9 };
}

function poolOf(replicas: number): PoolConfig {
  const { platform } = scenarioOf(twoTiers());
  return { ...platform.pools[1]!, replicas, gpusPerNode: 2 };
}

/** Where and when three crashes strike a pool of so many replicas. */
function struck(replicas: number) {
  const faults = [crash(0, 0), crash(3, 5), crash(4, 20)];
  return faultsWithin(faults, [poolOf(replicas)])
    .filter(isOfOneReplica)
    .map(({ replica, atNs }) => [replica, atNs / 1e9]);
}

test("faults of replicas that are not there move on, and no two of a kind strike one replica at once", () => {
  expect(struck(5)).toEqual([
    [0, 0],
    [3, 5],
    [4, 20],
  ]);
  expect(struck(2)).toEqual([
    [0, 0],
    [1, 5],
    [0, 20],
  ]);
  // All of them on one replica: the second falls into the first's outage.
  expect(struck(1)).toEqual([
    [0, 0],
    [0, 20],
  ]);
});

function node(number: number, downForNs: number): FaultConfig {
  return { kind: "node", pool: 0, node: number, atNs: 0, downForNs };
}

test("machines move on as well, and no pool is lost for good as a whole", () => {
  const lose: FaultConfig = {
    kind: "lose",
    pool: 0,
    count: { replicas: 3 },
    atNs: 0,
    downForNs: Infinity,
  };
  // Six replicas fill three machines of two GPUs; four fill two, so that the third machine is the first again.
  expect(faultsWithin([node(2, 1e9)], [poolOf(6)])).toMatchObject([{ node: 2 }]);
  expect(faultsWithin([node(2, 1e9)], [poolOf(4)])).toMatchObject([{ node: 0 }]);
  expect(faultsWithin([lose, node(0, 1e9)], [poolOf(4)])).toHaveLength(2);
  expect(faultsWithin([lose, node(0, Infinity)], [poolOf(4)])).toEqual([lose]);
  expect(faultsWithin([lose], [poolOf(3)])).toEqual([]);
});
