/** What a valid file becomes: indices, base units, defaults, and the same bytes for the same meaning. */
import { describe, expect, it } from "vitest";
import { emptyCost } from "../../../src/replica/step-model.ts";
import { loadScenario } from "../../../src/scenario/load.ts";
import type { Scenario } from "../../../src/scenario/scenario.ts";
import { SMALL } from "./example.ts";

function load(text: string, overrides: readonly string[] = []): Scenario {
  const loaded = loadScenario(text, { fileName: "small.yaml", overrides });
  if (loaded.kind === "invalid") throw new Error(JSON.stringify(loaded.problems, undefined, 1));
  return loaded.scenario;
}

describe("platform", () => {
  const { platform } = load(SMALL);

  it("has the default tiers, policy and prices", () => {
    expect(platform.tiers.map(({ name, weight, objective }) => [name, weight, objective])).toEqual([
      ["gold", 50, 0.9999],
      ["silver", 30, 0.995],
      ["bronze", 20, 0.99],
    ]);
    expect(platform.tiers[0]!.targets).toEqual([{ metric: "ttft", percentile: 99, limitNs: 50e6 }]);
    expect(platform.tiers[0]!.shedAboveWaitNs).toBe(Number.POSITIVE_INFINITY);
    expect(platform.policy).toEqual({
      name: "slo-fair",
      inputTokenWeight: 1,
      outputTokenWeight: 2,
      maxPreemptions: 2,
      shareWindowNs: 1e9,
    });
    expect(platform.prices).toMatchObject({ inputTokenNanoUsd: 100, outputTokenNanoUsd: 200 });
  });

  it("resolves names to indices and pools by ownership and share", () => {
    expect(platform.tenants.map(({ name, tier, pools }) => [name, tier, pools])).toEqual([
      ["acme", 0, [1]],
      ["beta", 1, [0]],
      ["coda", 2, [0]],
    ]);
    expect(platform.pools.map(({ owner, tierShares }) => [owner, tierShares])).toEqual([
      [undefined, [0, 0.6, 0.4]],
      [0, [0, 0, 0]],
    ]);
  });

  it("sizes quotas, adapters and memory", () => {
    expect(platform.tenants[0]!.quotas).toMatchObject({
      maxQps: 20,
      burst: 20,
      maxConcurrentRequests: Number.POSITIVE_INFINITY,
      maxTokensPerDay: 50e6,
      maxSpendNanoUsdPerMonth: 1000e9,
      maxGpuMemoryBytes: 40 * 1024 * 1024 * 1024,
    });
    expect(platform.tenants[0]!.adapters).toEqual([{ name: "legal", bytes: 80 * 1024 * 1024 }]);
    expect(platform.pools.map((pool) => pool.adapterBudgetBytes)).toEqual([0, 80 * 1024 * 1024]);
    // The adapter's 80 MiB are 40 blocks of 2 MiB.
    expect(platform.pools[0]!.kvBlocks - platform.pools[1]!.kvBlocks).toBe(40);
  });

  it("gives a shared pool without shares to the tiers by weight, at most 1 in sum", () => {
    const text = SMALL.replace(", tierShares: { silver: 60%, bronze: 40% }", "");
    expect(load(text).platform.pools[0]!.tierShares).toEqual([0.5, 0.3, 0.2]);
  });

  it("takes stated step times, memory still from model and GPU", () => {
    const stepTime = "stepTime: { fixed: 1ms, perSequence: 10us, perContextToken: 5ns }";
    const pool = load(SMALL.replace("replicas: 2,", `replicas: 2, ${stepTime},`)).platform
      .pools[0]!;
    const cost = emptyCost();
    const prompts = { prefills: 0, prefillTokens: 0, prefillPairs: 0 };
    pool.stepModel.cost({ decodes: 3, contextTokens: 60, ...prompts }, cost);
    expect(cost.totalPs).toBe(1_000_000_000 + 3 * 10_000_000);
    expect(cost.contextTokenPs).toBe(5000);
    expect(pool.asyncScheduling).toBe(false);
    expect(platform.pools[0]!.asyncScheduling).toBe(true);
    expect(pool.kvBlocks).toBe(platform.pools[0]!.kvBlocks);
  });
});

describe("workload", () => {
  const { clients, faults, simulation } = load(SMALL);

  it("resolves clients", () => {
    expect(clients.map(({ name, tenant, pool }) => [name, tenant, pool])).toEqual([
      ["acme", 0, 1],
      ["beta-chat", 1, 0],
    ]);
    expect(clients[0]!.arrivals).toEqual({ kind: "gamma", ratePerS: 20, cv: 2, shapes: [] });
    expect(clients[0]!.adapterShares).toEqual([0.5]);
    expect(clients[1]!.outputTokens).toEqual({
      kind: "empirical",
      quantiles: [
        [0, 1],
        [0.5, 129],
        [0.9, 424],
        [0.99, 601],
        [1, 1000],
      ],
    });
  });

  it("fits a lognormal to its 99th percentile: ln(4000 / 512) / 2.32635", () => {
    const length = clients[0]!.promptTokens;
    expect(length).toMatchObject({ kind: "lognormal", median: 512, min: 1, max: 8000 });
    expect(length.kind === "lognormal" && length.sigma).toBeCloseTo(0.88367, 5);
  });

  it("bounds lengths without a max by the context and by max_tokens", () => {
    const text = SMALL.replace("p99: 4000, max: 8000", "p99: 4000").replace(
      "outputTokens: 128",
      "outputTokens: { exponential: { mean: 100 } }",
    );
    const client = load(text).clients[0]!;
    expect(client.promptTokens).toMatchObject({ max: 131_072 - 512 });
    expect(client.outputTokens).toMatchObject({ max: 512 });
  });

  it("scales a diurnal curve to a mean of 1", () => {
    const shapes =
      "shapes: [{ diurnal: { period: 4h, levels: [1, 2, 3, 2] } }, { ramp: { start: 1s, end: 2s, to: 3 } }]";
    const { arrivals } = load(SMALL.replace("cv: 2", `cv: 2, ${shapes}`)).clients[0]!;
    expect(arrivals).toMatchObject({
      shapes: [
        { kind: "diurnal", periodNs: 4 * 3600e9, levels: [0.5, 1, 1.5, 1], phaseNs: 0 },
        { kind: "ramp", fromNs: 1e9, toNs: 2e9, from: 1, to: 3 },
      ],
    });
  });

  it("reads traces, whose lengths are their own", () => {
    const trace = "{ trace: { path: a.csv, format: azure, rateScale: 2, from: 1min } }";
    const text = SMALL.replace("{ process: poisson, rate: 90/min }", trace)
      .replace("    promptTokens: 256\n", "")
      .replace(/ {4}outputTokens: \{ quant.*\n/u, "");
    expect(load(text).clients[1]!.arrivals).toEqual({
      kind: "trace",
      trace: {
        path: "a.csv",
        format: "azure",
        rateScale: 2,
        fromNs: 60e9,
        toNs: Number.POSITIVE_INFINITY,
        clients: undefined,
        spreadNs: 0,
      },
    });
  });

  it("resolves faults and the run", () => {
    expect(faults).toEqual([{ kind: "crash", pool: 0, replica: 1, atNs: 60e9, downForNs: 30e9 }]);
    expect(simulation).toMatchObject({ durationNs: 600e9, warmupNs: 30e9, seed: 1 });
    expect(simulation.maxRequests).toBe(Number.POSITIVE_INFINITY);
  });
});

function tiersOf(names: readonly string[]): string {
  return `  tiers: { ${names.map((name) => `${name}: { weight: 1 }`).join(", ")} }\n  pools:`;
}

describe("canonical JSON", () => {
  const json = load(SMALL).canonicalJson;

  it.each([
    [
      "the order of keys",
      "model: llama-3.1-8b, gpu: h100-sxm, replicas: 2",
      "replicas: 2, gpu: h100-sxm, model: llama-3.1-8b",
    ],
    ["units", "duration: 10min", "duration: 600s"],
    ["defaults written out", "tier: silver }", "tier: silver, weight: 1 }"],
    ["comments", "workload:", "workload: # who sends"],
  ])("does not depend on %s", (_what, from, to) => {
    const text = SMALL.replace(from, to);
    expect(text).not.toBe(SMALL);
    expect(load(text).canonicalJson).toBe(json);
  });

  it("depends on values, on the order of tiers, and on --set", () => {
    expect(load(SMALL.replace("cv: 2", "cv: 3")).canonicalJson).not.toBe(json);
    expect(load(SMALL, ["simulation.seed=2"]).canonicalJson).not.toBe(json);
    const one = SMALL.replace("  pools:", tiersOf(["gold", "silver", "bronze"]));
    const other = SMALL.replace("  pools:", tiersOf(["silver", "gold", "bronze"]));
    expect(load(one).canonicalJson).not.toBe(load(other).canonicalJson);
  });

  it("comes from JSON files as well", () => {
    const text = '{ "version": 1, "name": "j", "platform": { "pools": {}, "tenants": {} } }';
    const loaded = loadScenario(text, { fileName: "j.json", overrides: [] });
    expect(loaded).toMatchObject({
      kind: "invalid",
      problems: [{ message: "expected at least one tenant", place: { line: 1, column: 68 } }],
    });
  });
});

describe("YAML", () => {
  it("resolves anchors and merge keys, and points into them", () => {
    const text = SMALL.replace(
      "    shared: { model: llama-3.1-8b, gpu: h100-sxm, replicas: 2,",
      "    shared: &base { model: llama-3.1-8b, gpu: h100-sxm, replicas: 2,",
    ).replace(
      "gold: { model: llama-3.1-8b, gpu: h100-sxm, replicas: 1, dedicatedTo: acme }",
      "more: { <<: *base, replicas: 4, model: qwen3-8b }\n    gold: { <<: *base, replicas: 1, tierShares: {}, dedicatedTo: acme }",
    );
    const loaded = loadScenario(text, { fileName: "small.yaml", overrides: [] });
    expect(loaded).toMatchObject({
      kind: "invalid",
      problems: [
        { path: "platform.pools.gold.tierShares", place: { line: 7 } },
        {
          path: "workload.beta-chat",
          message: expect.stringContaining("llama-3.1-8b and qwen3-8b"),
        },
      ],
    });
    const broken = loadScenario(text.replace("gpu: h100-sxm", "gpu: h100-smx"), {
      fileName: "small.yaml",
      overrides: [],
    });
    // Written once at line 5, wrong in every pool that merges it.
    expect(
      broken.kind === "invalid" && broken.problems.filter((one) => one.suggestion === "h100-sxm"),
    ).toMatchObject([
      { path: "platform.pools.shared.gpu", place: { line: 5 } },
      { path: "platform.pools.more.gpu", place: { line: 5 } },
      { path: "platform.pools.gold.gpu", place: { line: 5 } },
    ]);
  });
});
