/** Prefix caching through the whole simulator: who hits whose blocks, what it costs, and where requests go for it. */
import { describe, expect, test } from "vitest";
import { type Finished, scenarioOf, simulate } from "../../support/scenario.ts";

/** Two tenants that send the same system prompt, and adapters; step times of 1 ms and 1 us a token, blocks of 16. */
const FILE = {
  version: 2,
  name: "prefixes",
  description: "Prompts that begin alike.",
  platform: {
    pools: {
      shared: {
        model: "llama-3.1-8b",
        precision: "fp8",
        gpu: "h100-sxm",
        replicas: 1,
        stepTime: { fixed: "1ms", perToken: "1us" },
      },
    },
    tenants: {
      acme: { tier: "silver", adapters: { one: { rank: 8 }, two: { rank: 8 } } },
      bravo: { tier: "silver" },
    },
    prices: { inputTokens: "$1/1M", cachedInputTokens: "$0.1/1M", outputTokens: "$2/1M" },
  },
  workload: {
    acme: one("acme", {}),
    bravo: one("bravo", {}),
  },
  simulation: { duration: "10s", seed: 3, audit: { requests: 0 } },
};

function one(tenant: string, changes: object): object {
  return {
    tenant,
    arrivals: { process: "constant", rate: "1/s" },
    systemPrompt: { tokens: 800, name: "common" },
    promptTokens: 100,
    outputTokens: 5,
    ...changes,
  };
}

function run(overrides: string[] = [], workload: object = {}): Finished {
  const file = { ...FILE, workload: { ...FILE.workload, ...workload } };
  return simulate(scenarioOf(file, overrides));
}

/** Cached tokens of a client's requests, in order of arrival. */
function cachedOf({ records }: Finished, client: number): number[] {
  return records
    .filter(({ sent }) => sent.client === client)
    .toSorted((a, b) => a.sent.arrival.timeNs - b.sent.arrival.timeNs)
    .map(({ request }) => request!.cachedTokens);
}

const FIRST_MISSES = [0, 800, 800, 800, 800, 800, 800, 800, 800];

describe("who finds whose blocks", () => {
  test("by default each tenant its own: the first request of either computes everything", () => {
    const finished = run();
    expect(cachedOf(finished, 0)).toEqual(FIRST_MISSES);
    expect(cachedOf(finished, 1)).toEqual(FIRST_MISSES);
  });

  test("two clients of a tenant that name the same system prompt share it; without a name they do not", () => {
    const late = { arrivals: { process: "constant", rate: "0.7/s" } };
    const named = run([], { bravo: one("acme", late) });
    expect(cachedOf(named, 1)[0]).toBe(800);
    const nameless = run([], { bravo: one("acme", { ...late, systemPrompt: 800 }) });
    expect(cachedOf(nameless, 1)[0]).toBe(0);
  });

  test("where the pool lets tenants share, the second one finds the first one's", () => {
    const late = one("bravo", { arrivals: { process: "constant", rate: "0.7/s" } });
    const sharing = ["platform.pools.shared.prefixSharing=pool"];
    expect(cachedOf(run(sharing, { bravo: late }), 1)[0]).toBe(800);
    expect(cachedOf(run([], { bravo: late }), 1)[0]).toBe(0);
  });

  test("an adapter's blocks are of no use to the base model nor to another adapter, however much is shared", () => {
    const clients = {
      acme: one("acme", { adapters: { one: 1 } }),
      bravo: one("acme", {
        adapters: { two: 1 },
        arrivals: { process: "constant", rate: "0.7/s" },
      }),
      third: one("acme", { arrivals: { process: "constant", rate: "0.6/s" } }),
    };
    const finished = run(["platform.pools.shared.prefixSharing=pool"], clients);
    for (const client of [0, 1, 2]) {
      const [first, ...others] = cachedOf(finished, client);
      expect(first).toBe(0);
      expect(new Set(others)).toEqual(new Set([800]));
    }
  });

  test("nobody any, when caching is off", () => {
    const { results } = run(["platform.pools.shared.enablePrefixCaching=false"]);
    expect(results.platform.counts).toMatchObject({ cachedPromptTokens: 0, prefixHitRate: 0 });
  });
});

describe("what it is worth", () => {
  test("time to the first token falls by the cached tokens' time, and the bill by their price", () => {
    const { results, records } = run();
    // 900 tokens at 1 us behind 1 ms, and 100 of them where 800 are cached.
    const ttftsUs = records
      .filter(({ sent }) => sent.client === 0)
      .map(({ request }) => (request!.firstTokenNs - request!.arrivalNs) / 1000);
    // Both tenants' requests come at one instant and share a step: 1 ms and twice the tokens.
    expect(ttftsUs.slice(0, 2)).toEqual([2_800, 1_200]);
    const { counts, cost } = results.tenants[0]!;
    expect(counts).toMatchObject({ promptTokens: 9 * 900, cachedPromptTokens: 8 * 800 });
    expect(counts.prefixHitRate).toBe(6_400 / 8_100);
    expect(cost.inputTokensUsd).toBeCloseTo(1_700e-6, 12);
    expect(cost.cachedInputTokensUsd).toBeCloseTo(640e-6, 12);
    expect(cost.cacheSavedUsd).toBeCloseTo(5_760e-6, 12);
    expect(results.platform.cacheSavedUsd).toBeCloseTo(2 * 5_760e-6, 12);
    // Only what was computed counts as service: 1 per input token, 2 per output token.
    expect(results.tenants[0]!.service).toBe(1_700 + 2 * 9 * 5);
  });

  test("a conversation finds its whole past but for the unfinished block, and the answers are part of it", () => {
    const chat = one("acme", { conversation: { turns: 3, think: "100ms", thinkCv: 0 } });
    const finished = run(["simulation.maxRequests=3"], {
      acme: chat,
      bravo: one("bravo", { arrivals: { process: "constant", rate: "0.05/s" } }),
    });
    const prompts = finished.records.map(({ request }) => request!.promptTokens);
    expect(prompts).toEqual([900, 1_005, 1_110]);
    // 904 and 1,009 tokens were computed before (the last output token never is): 56 and 63 blocks of 16.
    expect(cachedOf(finished, 0)).toEqual([0, 896, 1_008]);
  });
});

describe("where requests go", () => {
  test("to the replica that has their past, where others are as free", () => {
    const chat = one("acme", {
      arrivals: { process: "poisson", rate: "5/s" },
      systemPrompt: 160,
      conversation: { turns: 4, think: "50ms" },
      promptTokens: 500,
    });
    const finished = run(["platform.pools.shared.replicas=8"], { acme: chat });
    const homes = new Map<unknown, Set<number>>();
    for (const { sent, request } of finished.records) {
      if (sent.client !== 0) continue;
      const { segments } = sent.arrival;
      homes.set(segments, (homes.get(segments) ?? new Set()).add(request!.replica));
    }
    const moved = [...homes.values()].filter(({ size }) => size > 1).length;
    expect(homes.size).toBeGreaterThan(30);
    expect(moved).toBeLessThan(homes.size / 10);
  });

  test("but to another one rather than behind a queue: the preference is bounded by what it saves", () => {
    // One system prompt for everybody would draw everything to one replica; each request there slows its steps by 20 us.
    const busy = one("acme", {
      arrivals: { process: "poisson", rate: "300/s" },
      outputTokens: 100,
    });
    const overrides = [
      "platform.pools.shared.replicas=4",
      "platform.pools.shared.stepTime.perContextToken=20ns",
      "simulation.duration=4s",
    ];
    const { results } = run(overrides, { acme: busy });
    const completed = results.replicas.map((replica) => replica.completed);
    expect(Math.min(...completed)).toBeGreaterThan(0.1 * Math.max(...completed));
    expect(results.tenants[0]!.counts.prefixHitRate).toBeGreaterThan(0.8);
  });

  test("a crashed replica has forgotten, and is known to have", () => {
    const finished = run([
      "faults=[{ crash: { pool: shared, replica: 0, at: 4500ms, downFor: 100ms } }]",
    ]);
    expect(cachedOf(finished, 0)).toEqual([0, 800, 800, 800, 0, 800, 800, 800, 800]);
  });
});
