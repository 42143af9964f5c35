/** Bad files: names that refer to nothing and sizes that do not fit. */
import { describe, expect, it } from "vitest";
import { formatProblem } from "../../../src/scenario/problems.ts";
import { type Case, edit, expectOneProblem, problemsOf } from "./bad-file.ts";

const SHARED = "platform.pools.shared";

describe("references and sizes", () => {
  const cases: Case[] = [
    [
      "tier: silver",
      "tier: slver",
      "13:19",
      "platform.tenants.beta.tier",
      "unknown tier 'slver' (known: gold, silver, bronze)",
      "silver",
    ],
    [
      "dedicatedTo: acme",
      "dedicatedTo: acne",
      "6:75",
      "platform.pools.gold.dedicatedTo",
      "unknown tenant 'acne'",
      "acme",
    ],
    [
      "tier: silver }",
      "tier: silver, pools: shard }",
      "13:34",
      "platform.tenants.beta.pools",
      "unknown pool 'shard'",
      "shared",
    ],
    [
      "tier: silver }",
      "tier: silver, pools: [shared, gold] }",
      "13:43",
      "platform.tenants.beta.pools[1]",
      "pool 'gold' is dedicated to 'acme'",
    ],
    [
      "{ silver: 60%, bronze: 40% }",
      "{ silver: 60%, brnze: 40% }",
      "5:91",
      `${SHARED}.tierShares.brnze`,
      "unknown tier 'brnze'",
      "bronze",
    ],
    [
      "60%",
      "70%",
      "5:76",
      `${SHARED}.tierShares`,
      "the shares add up to 110%: expected at most 100%",
    ],
    [
      "dedicatedTo: acme }",
      "dedicatedTo: acme, tierShares: { gold: 100% } }",
      "6:93",
      "platform.pools.gold.tierShares",
      "a dedicated pool has no tier shares",
    ],
    [
      ", dedicatedTo: acme",
      ", tierShares: { bronze: 10%, gold: 10% }",
      "14:11",
      "platform.tenants.coda",
      "pools 'shared' and 'gold' both serve llama-3.1-8b",
    ],
    [
      "model: llama-3.1-8b",
      "model: llama-3-8b",
      "5:22",
      `${SHARED}.model`,
      "unknown model 'llama-3-8b'",
      "llama-3.1-8b",
    ],
    [
      "gpu: h100-sxm",
      "gpu: h100",
      "5:41",
      `${SHARED}.gpu`,
      "unknown GPU 'h100' (known: a10g, ",
      "h100-sxm",
    ],
    [
      "replicas: 2",
      "replicas: 2, tensorParallel: 3",
      "5:80",
      `${SHARED}.tensorParallel`,
      "tensorParallel 3 does not divide the 32 attention heads, 8 KV heads and feed-forward width of 14336 of llama-3.1-8b (possible: 1, 2, 4, 8, 16, 32)",
    ],
    [
      "model: llama-3.1-8b",
      "model: llama-3.1-70b",
      "5:13",
      `${SHARED}.tensorParallel`,
      "llama-3.1-70b in bf16 on 1 x h100-sxm needs 132.8 GiB per GPU (weights 131.4 GiB, activations 1.2 GiB, runtime 0.1 GiB) and has 71.3 GiB (90% of 79.2 GiB): tensorParallel: 2 or precision: fp8 would fit",
    ],
    [
      "replicas: 1,",
      "replicas: 1, adapterMemory: 10MiB,",
      "12:16",
      "platform.tenants.acme.adapters.legal",
      "the adapter needs 80.0 MiB and pool 'gold' sets 10.0 MiB aside",
    ],
    [
      "tenant: beta",
      "tenant: beat",
      "22:13",
      "workload.beta-chat.tenant",
      "unknown tenant 'beat'",
      "beta",
    ],
    ["    tenant: beta\n", "", "21:3", "workload.beta-chat", "unknown tenant 'beta-chat'"],
    [
      "    tenant: beta\n",
      "    tenant: beta\n    model: qwen3-8b\n",
      "23:12",
      "workload.beta-chat.model",
      "unknown model of tenant 'beta' 'qwen3-8b' (known: llama-3.1-8b)",
    ],
    [
      "legal: 50%",
      "lega: 50%",
      "20:17",
      "workload.acme.adapters.lega",
      "unknown adapter of tenant 'acme' 'lega' (known: legal)",
      "legal",
    ],
    [
      "max: 8000",
      "max: 200k",
      "18:19",
      "workload.acme.promptTokens",
      "prompts of up to 200000 tokens exceed the context of llama-3.1-8b, 131072 tokens",
    ],
    [
      "promptTokens: 256",
      "promptTokens: 131072",
      "24:19",
      "workload.beta-chat.promptTokens",
      "no request would fit",
    ],
    [
      "p90: 424",
      "p90: 100",
      "25:19",
      "workload.beta-chat.outputTokens",
      "expected lengths that rise with the percentile",
    ],
    [
      "outputTokens: 128",
      "outputTokens: { uniform: { min: 9, max: 3 } }",
      "19:19",
      "workload.acme.outputTokens",
      "the shortest, 9 tokens, exceeds the longest, 3",
    ],
    [
      "pool: shared",
      "pool: shread",
      "27:20",
      "faults[0].crash.pool",
      "unknown pool 'shread'",
      "shared",
    ],
    [
      "replica: 1,",
      "replica: 2,",
      "27:37",
      "faults[0].crash.replica",
      "pool 'shared' has replicas 0 to 1, got 2",
    ],
    [
      "warmup: 30s",
      "warmup: 10min",
      "28:40",
      "simulation.warmup",
      "expected a warm-up shorter than the duration",
    ],
    [
      "duration: 10min",
      "duration: unlimited",
      "28:25",
      "simulation.duration",
      "the run would never end: client 'acme' keeps sending",
    ],
    [
      "  pools:",
      "  tiers: { gold: { weight: 0 }, silver: { weight: 1 }, bronze: { weight: 1 } }\n  pools:",
      "4:28",
      "platform.tiers.gold.weight",
      "expected more than 0",
    ],
    [
      "    gold: { model: llama-3.1-8b, gpu: h100-sxm, replicas: 1, dedicatedTo: acme }\n",
      "",
      "7:5",
      "platform.tenants.acme",
      "no pool serves this tenant",
    ],
    [
      "tierShares: { silver: 60%, bronze: 40% }",
      "borrowing: false, tierShares: { silver: 60% }",
      "14:11",
      "platform.tenants.coda",
      "no pool serves this tenant: no pool is dedicated to it and no shared pool gives tier 'bronze' a share",
    ],
  ];
  it.each(cases.map((one) => [one]))("%j", (one) => {
    expectOneProblem(one);
  });

  it("asks for the path of a trace, and how to give it", () => {
    const text = edit("{ process: poisson, rate: 90/min }", "{ trace: { format: azure } }")
      .replace("    promptTokens: 256\n", "")
      .replace(/ {4}outputTokens: \{ quant.*\n/u, "");
    expect(problemsOf(text).map((one) => formatProblem(one))).toEqual([
      "small.yaml:23:24: workload.beta-chat.arrivals.trace.path: the trace needs a file: write its path here, or give --set workload.beta-chat.arrivals.trace.path=FILE",
    ]);
  });
});
