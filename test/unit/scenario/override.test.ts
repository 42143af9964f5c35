/** `--set path=value`: what it changes, and whom it blames. */
import { describe, expect, it } from "vitest";
import { loadScenario } from "../../../src/scenario/load.ts";
import { formatProblem } from "../../../src/scenario/problems.ts";
import type { Scenario } from "../../../src/scenario/scenario.ts";
import { SMALL } from "./example.ts";

function load(overrides: readonly string[], text = SMALL) {
  return loadScenario(text, { fileName: "small.yaml", overrides });
}

function scenarioOf(overrides: readonly string[], text = SMALL): Scenario {
  const loaded = load(overrides, text);
  if (loaded.kind === "invalid") throw new Error(JSON.stringify(loaded.problems, undefined, 1));
  return loaded.scenario;
}

describe("changes", () => {
  it.each<[string, (scenario: Scenario) => unknown, unknown]>([
    ["simulation.seed=7", (s) => s.simulation.seed, 7],
    ["platform.pools.shared.replicas=8", (s) => s.platform.pools[0]!.replicas, 8],
    ["platform.tenants.beta.quotas.maxQps=5/s", (s) => s.platform.tenants[1]!.quotas.maxQps, 5],
    ["platform.policy=vtc", (s) => s.platform.policy.name, "vtc"],
    [
      "platform.policy={ name: vtc, inputTokenWeight: 3 }",
      (s) => s.platform.policy.inputTokenWeight,
      3,
    ],
    ["platform.tiers.gold.weight=60", (s) => s.platform.tiers[0]!.weight, 60],
    [
      "platform.tiers.silver.targets[0].ttft=80ms",
      (s) => s.platform.tiers[1]!.targets[0]!.limitNs,
      80e6,
    ],
    ["faults[0].crash.at=5s", (s) => s.faults.map((f) => f.kind === "crash" && f.atNs)[0], 5e9],
    [
      "faults[1]={ slow: { pool: shared, replica: 0, at: 1s, for: 1s, factor: 2 } }",
      (s) => s.faults.length,
      2,
    ],
    ["faults=[]", (s) => s.faults.length, 0],
    [
      "workload.acme.arrivals={ process: poisson, rate: 1/s }",
      (s) => s.clients[0]!.arrivals.kind,
      "poisson",
    ],
    ["workload.beta-chat.retry.attempts=3", (s) => s.clients[1]!.retry.attempts, 3],
    ["platform.tenants.dora={ tier: silver }", (s) => s.platform.tenants[3]!.name, "dora"],
    ['platform["tenants"]["beta"].weight=2', (s) => s.platform.tenants[1]!.weight, 2],
    ["description=a=b", (s) => s.description, "a=b"],
    ["description=null", (s) => s.description, ""],
    ["platform.policy= null ", (s) => s.platform.policy.name, "slo-fair"],
    ["platform.pools.shared.lend=null", (s) => s.platform.pools[0]!.lend, false],
  ])("%s", (override, read, value) => {
    expect(read(scenarioOf([override]))).toBe(value);
  });

  it("applies in order", () => {
    expect(scenarioOf(["simulation.seed=7", "simulation.seed=8"]).simulation.seed).toBe(8);
  });

  it("does not reach through an alias to another place", () => {
    const text = SMALL.replace("beta: { tier: silver }", "beta: &b { tier: silver }\n    dora: *b");
    const { tenants } = scenarioOf(["platform.tenants.dora.weight=5"], text).platform;
    expect(tenants.map(({ name, weight }) => [name, weight])).toEqual([
      ["acme", 1],
      ["beta", 1],
      ["dora", 5],
      ["coda", 1],
    ]);
  });
});

describe("refuses", () => {
  it.each([
    ["seed", "expected path=value, for example simulation.seed=2"],
    ["=3", "expected path=value"],
    ["faults[0]=null", "faults[0]: faults is a list: set it whole to leave an entry out"],
    ["platform.pools.shared.gpu=null", "platform.pools.shared.gpu: is missing"],
    ["simulation.seed=[", "the value is not YAML"],
    [
      "simulation.sede=3",
      "simulation.sede: unknown key; known here: duration, maxRequests, warmup, seed, audit; did you mean 'seed'?",
    ],
    ["simulatoin.seed=3", "simulatoin: unknown key"],
    ["simulation.seed=x", "simulation.seed: expected a number, got 'x'"],
    ["simulation.seed=", "simulation.seed: expected a number, got nothing"],
    [
      "workload.acme.arrivals.rate=30",
      "workload.acme.arrivals.rate: expected a rate such as 20/s, got '30'",
    ],
    [
      "platform.tenants.acne.weight=2",
      "platform.tenants.acne: there is no 'acne' in platform.tenants (acme, beta, coda); did you mean 'acme'?",
    ],
    [
      "platform.tiers.gld.weight=2",
      "there is no 'gld' in platform.tiers (gold, silver, bronze); did you mean 'gold'?",
    ],
    ["platform.tenants.dora={ teir: silver }", "platform.tenants.dora.teir: unknown key"],
    ["faults[2].crash.at=5s", "faults[2]: faults has 1 entries"],
    ["faults.crash.at=5s", "faults is a list: expected an index such as [0]"],
    ["platform[0]=5s", "platform is a map: expected a key, not an index"],
    ["name.first=x", "name is neither a map nor a list"],
    ["platform.__proto__.x=1", "no such key"],
    ["platform.pools.shared.tierShares={ silver: 90%, bronze: 20% }", "the shares add up to 110%"],
  ])("%s", (override, message) => {
    const loaded = load([override]);
    const texts = loaded.kind === "invalid" ? loaded.problems.map((one) => formatProblem(one)) : [];
    expect(texts).toHaveLength(1);
    expect(texts[0]).toContain(`--set ${override}: `);
    expect(texts[0]).toContain(message);
  });

  it("reports the file's own problems beside those of --set", () => {
    const loaded = load(["simulation.seed=x", "nonsense"], SMALL.replace("cv: 2", "cv: 0"));
    const places = loaded.kind === "invalid" ? loaded.problems.map((one) => one.place) : [];
    expect(places).toEqual([
      { kind: "set", override: "nonsense" },
      { kind: "file", fileName: "small.yaml", line: 17, column: 49 },
      { kind: "set", override: "simulation.seed=x" },
    ]);
  });
});
