/** Bad files: keys and values of the wrong kind, each at its line and column, with what was probably meant. */
import { describe, it } from "vitest";
import { type Case, expectOneProblem } from "./bad-file.ts";

const SHARED = "platform.pools.shared";

describe("structure", () => {
  const cases: Case[] = [
    [
      "tier: gold",
      "teir: gold",
      "9:7",
      "platform.tenants.acme.teir",
      "unknown key; known here: tier, weight",
      "tier",
    ],
    [
      "crash: {",
      "crahs: {",
      "27:5",
      "faults[0].crahs",
      "unknown key; known here: crash, slow, lose, node, random",
      "crash",
    ],
    [
      "outputTokens: 128",
      "outputTokens: { lognorml: { median: 3, p99: 9 } }",
      "19:21",
      "workload.acme.outputTokens.lognorml",
      "unknown key",
      "lognormal",
    ],
    [
      "tier: silver }",
      "tier: silver, colour: blue }",
      "13:27",
      "platform.tenants.beta.colour",
      "unknown key",
    ],
    ["workload:", "work load:", "15:1", '["work load"]', "unknown key", "workload"],
    ["tier: gold", "weight: 1", "8:5", "platform.tenants.acme.tier", "is missing: expected text"],
    [
      "    outputTokens: 128\n",
      "",
      "16:3",
      "workload.acme",
      "outputTokens is missing: expected a number of tokens or a distribution",
    ],
    ["name: small\n", "", "1:1", "name", "is missing"],
    ["name: small", "name: [a]", "2:7", "name", "expected text, got a list"],
    [
      "replicas: 2",
      "replicas: 2.5",
      "5:61",
      `${SHARED}.replicas`,
      "expected a whole number, got '2.5'",
    ],
    ["replicas: 2", "replicas: 0", "5:61", `${SHARED}.replicas`, "expected more than 0, got '0'"],
    [
      "replicas: 2",
      "replicas: 2, borrowing: maybe",
      "5:75",
      `${SHARED}.borrowing`,
      "expected true or false, got 'maybe'",
    ],
    [
      "replicas: 2",
      "replicas: 2, precision: fp4",
      "5:75",
      `${SHARED}.precision`,
      "expected one of bf16, fp8, int4, mxfp4, got 'fp4'",
      "fp8",
    ],
    [
      "platform:\n",
      "platform:\n  policy: slo-fare\n",
      "4:11",
      "platform.policy",
      "expected one of fcfs, strict-priority, tier-share, vtc, slo-fair, or a map, got 'slo-fare'",
      "slo-fair",
    ],
    [
      "    coda: {",
      "    1coda: {",
      "14:5",
      "platform.tenants.1coda",
      "a name begins with a letter",
    ],
    [
      "    coda: { tier: bronze }",
      "    coda:",
      "14:5",
      "platform.tenants.coda",
      "expected a map, got nothing",
    ],
    [
      "simulation: {",
      "serve: { listen: 8080 }\nsimulation: {",
      "28:18",
      "serve.listen",
      "expected text, got '8080'",
    ],
    [
      "simulation: {",
      "serve: { listen: nowhere }\nsimulation: {",
      "28:18",
      "serve.listen",
      "expected host:port such as 127.0.0.1:8080",
    ],
    [
      "{ process: gamma, rate: 20/s, cv: 2 }",
      "fast",
      "17:15",
      "workload.acme.arrivals",
      "expected a map, got 'fast'",
    ],
    [
      "process: gamma",
      "process: gama",
      "17:26",
      "workload.acme.arrivals.process",
      "expected one of poisson, gamma, weibull, constant, on-off, closed-loop, got 'gama'",
      "gamma",
    ],
    [
      "process: gamma, ",
      "",
      "17:15",
      "workload.acme.arrivals.process",
      "is missing: expected one of poisson",
    ],
    [
      "{ process: poisson, rate: 90/min }",
      "{ trace: { format: azure, pth: x } }",
      "23:41",
      "workload.beta-chat.arrivals.trace.pth",
      "unknown key",
      "path",
    ],
    ["cv: 2", "shapes: []", "17:15", "workload.acme.arrivals.cv", "is missing: expected a number"],
    [
      "cv: 2",
      "cv: 2, shapes: [{ spike: { at: 1s, for: 1s, factor: 2 }, ramp: { start: 1s, end: 2s, to: 2 } }]",
      "17:61",
      "workload.acme.arrivals.shapes[0]",
      "expected exactly one of diurnal, ramp, spike, got ramp and spike",
    ],
    [
      "legal: { rank: 16 }",
      "legal: {}",
      "12:16",
      "platform.tenants.acme.adapters.legal",
      "expected exactly one of rank, size",
    ],
    [
      "p99: 4000, max",
      "max",
      "18:32",
      "workload.acme.promptTokens.lognormal",
      "expected exactly one of sigma, p90, p99",
    ],
    [
      "p50: 129",
      "p50x: 129",
      "25:34",
      "workload.beta-chat.outputTokens.quantiles.p50x",
      "expected min, max or a percentile such as p50",
    ],
    [
      ", max: 1000",
      "",
      "25:32",
      "workload.beta-chat.outputTokens.quantiles",
      "expected max, the longest length",
    ],
  ];
  it.each(cases.map((one) => [one]))("%j", (one) => {
    expectOneProblem(one);
  });
});

describe("units", () => {
  const cases: Case[] = [
    [
      "rate: 20/s",
      "rate: 20",
      "17:39",
      "workload.acme.arrivals.rate",
      "expected a rate such as 20/s, got '20'",
    ],
    [
      "rate: 20/s",
      "rate: -3/s",
      "17:39",
      "workload.acme.arrivals.rate",
      "expected a rate such as 20/s, got '-3/s': it must not be negative",
    ],
    [
      "rate: 20/s",
      "rate: 0/s",
      "17:39",
      "workload.acme.arrivals.rate",
      "expected a rate above 0/s",
    ],
    [
      "rate: 20/s",
      "rate: 20/sec",
      "17:39",
      "workload.acme.arrivals.rate",
      "unknown unit '/sec'",
      "/s",
    ],
    ["cv: 2", "cv: 0", "17:49", "workload.acme.arrivals.cv", "expected more than 0, got '0'"],
    ["cv: 2", "cv: -1", "17:49", "workload.acme.arrivals.cv", "expected more than 0, got '-1'"],
    [
      "at: 60s",
      "at: 60",
      "27:44",
      "faults[0].crash.at",
      "expected a duration such as 50ms, got '60'",
    ],
    ["at: 60s", "at: 60seconds", "27:44", "faults[0].crash.at", "unknown unit 'seconds'"],
    [
      "40GiB",
      "40gib",
      "10:67",
      "platform.tenants.acme.quotas.maxGpuMemory",
      "unknown unit 'gib'",
      "GiB",
    ],
    [
      "$1000",
      "1000",
      "10:92",
      "platform.tenants.acme.quotas.maxSpendPerMonth",
      "expected an amount such as $1000, or unlimited, got '1000'",
    ],
    [
      "50M",
      "unlimted",
      "10:48",
      "platform.tenants.acme.quotas.maxTokensPerDay",
      "got 'unlimted'",
      "unlimited",
    ],
    [
      "60%",
      "160%",
      "5:86",
      `${SHARED}.tierShares.silver`,
      "expected a share such as 60% or 0.6, got '160%': it must be between 0 and 1",
    ],
    ["60%", "60", "5:86", `${SHARED}.tierShares.silver`, "it must be between 0 and 1"],
    [
      "outputTokens: 128",
      "outputTokens: lots",
      "19:19",
      "workload.acme.outputTokens",
      "expected a whole number such as 512, 10k or 50M, got 'lots'",
    ],
    [
      "outputTokens: 128",
      "outputTokens: 0",
      "19:19",
      "workload.acme.outputTokens",
      "expected 1 or more",
    ],
    [
      "outputTokens: 128",
      "outputTokens: 12.5",
      "19:19",
      "workload.acme.outputTokens",
      "it must be a whole number",
    ],
  ];
  it.each(cases.map((one) => [one]))("%j", (one) => {
    expectOneProblem(one);
  });
});
