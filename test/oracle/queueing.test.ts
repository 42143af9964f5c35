/**
 * The whole simulator against queueing theory. One token a step, one step a millisecond and one sequence a replica make a
 * request of N output tokens occupy a server for N ms: Poisson arrivals then make M/M/1, M/M/c and M/D/1 queues, whose mean
 * waits are known. Exponential lengths are rounded to whole tokens of a mean of 1,000, which moves the mean by less than
 * 0.001 tokens and the second moment by less than 1e-6 of itself.
 */
import { describe, expect, test } from "vitest";
import { scenarioOf, simulate } from "../support/scenario.ts";

const MEAN_S = 1;
/** Independent replications, with seeds 1 to 20; Student's t for 19 degrees of freedom at 99.9 %, two-sided. */
const REPLICATIONS = 20;
const T_999 = 3.883;

interface Case {
  readonly servers: number;
  /** Share of the servers that is busy. */
  readonly load: number;
  readonly outputTokens: unknown;
  readonly requests: number;
}

interface Measured {
  readonly waitS: number;
  readonly busy: number;
  readonly queued: number;
  readonly ratePerS: number;
}

function replicate({ servers, load, outputTokens, requests }: Case, seed: number): Measured {
  const scenario = scenarioOf({
    version: 2,
    name: "queue",
    platform: {
      policy: "fcfs",
      tiers: { only: { weight: 1 } },
      pools: {
        servers: {
          model: "llama-3.1-8b",
          gpu: "h100-sxm",
          replicas: servers,
          maxNumSeqs: 1,
          stepTime: { fixed: "1ms" },
        },
      },
      tenants: {
        all: { tier: "only", defaultMaxOutputTokens: 50_000, quotas: { maxQueuedRequests: "1M" } },
      },
      isolation: { checkEvery: "1h" },
    },
    workload: {
      all: {
        arrivals: { process: "poisson", rate: `${(load * servers) / MEAN_S}/s` },
        promptTokens: 1,
        outputTokens,
      },
    },
    simulation: { duration: "unlimited", maxRequests: requests, seed },
  });
  const { engine, collector, endNs, records } = simulate(scenario);
  const waits = records.map(({ request }) => (request!.joinedNs - request!.arrivalNs) / 1e9);
  const waited = waits.reduce((sum, wait) => sum + wait, 0);
  const busyNs = engine.replicas.reduce((sum, { meter }) => sum + meter.busyNs, 0);
  const mean = collector.tenants[0]!.latency.queue.mean!;
  expect(mean / 1e6, "the results' mean is the mean").toBeCloseTo(waited / requests, 6);
  return {
    waitS: waited / requests,
    busy: busyNs / (servers * endNs),
    queued: queuedOverTime(records.map(({ request }) => request!)) / endNs,
    ratePerS: requests / (endNs / 1e9),
  };
}

/** The number in the queue integrated over time, from its rises and falls alone. */
function queuedOverTime(requests: readonly { arrivalNs: number; joinedNs: number }[]): number {
  const changes = requests.flatMap(({ arrivalNs, joinedNs }) => [
    { timeNs: arrivalNs, by: 1 },
    { timeNs: joinedNs, by: -1 },
  ]);
  changes.sort((a, b) => a.timeNs - b.timeNs);
  let area = 0;
  let queued = 0;
  let lastNs = 0;
  for (const { timeNs, by } of changes) {
    area += queued * (timeNs - lastNs);
    queued += by;
    lastNs = timeNs;
  }
  return area;
}

/** Erlang's C: the share of arrivals that find all c servers busy. */
function erlangC(servers: number, load: number): number {
  const offered = servers * load;
  let term = 1;
  let sum = 0;
  for (let busy = 0; busy < servers; busy++) {
    sum += term;
    term *= offered / (busy + 1);
  }
  const waiting = term / (1 - load);
  return waiting / (sum + waiting);
}

const EXPONENTIAL = { exponential: { mean: 1000 } };

describe("mean waiting time, utilization and Little's law", () => {
  test.each([
    // M/M/1: rho / (1 - rho) service times.
    { name: "M/M/1", servers: 1, load: 0.6, outputTokens: EXPONENTIAL, waitS: 0.6 / 0.4 },
    // M/M/c: C(c, rho) / (c (1 - rho)).
    {
      name: "M/M/4",
      servers: 4,
      load: 0.7,
      outputTokens: EXPONENTIAL,
      waitS: erlangC(4, 0.7) / (4 * 0.3),
    },
    // M/D/1: half of M/M/1's.
    { name: "M/D/1", servers: 1, load: 0.7, outputTokens: 1000, waitS: 0.7 / (2 * 0.3) },
  ])("of $name", ({ waitS, ...queue }) => {
    const measured = Array.from({ length: REPLICATIONS }, (_, index) =>
      replicate({ ...queue, requests: 6000 }, index + 1),
    );
    const wait = interval(measured.map((one) => one.waitS));
    // Narrow enough to say something: under 12 % of the mean to either side.
    expect(wait.halfWidth).toBeLessThan(0.12 * waitS);
    expect(Math.abs(wait.mean - waitS)).toBeLessThan(wait.halfWidth);
    const busy = interval(measured.map((one) => one.busy));
    expect(busy.halfWidth).toBeLessThan(0.02);
    expect(Math.abs(busy.mean - queue.load)).toBeLessThan(busy.halfWidth + 0.002);
    for (const one of measured) expect(one.queued).toBeCloseTo(one.ratePerS * one.waitS, 6);
  });
});

/** Mean and half the width of its confidence interval. */
function interval(values: readonly number[]): { mean: number; halfWidth: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0);
  const deviation = Math.sqrt(squares / (values.length - 1));
  return { mean, halfWidth: (T_999 * deviation) / Math.sqrt(values.length) };
}
