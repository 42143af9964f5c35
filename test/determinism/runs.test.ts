/** Equal scenario and seed, equal results; and a newcomer changes nothing about the traffic of others. */
import { expect, test } from "vitest";
import { scenarioOf, simulate } from "../support/scenario.ts";

const FILE = `
version: 1
name: determinism
description: The same every time.
platform:
  pools:
    shared: { model: llama-3.1-8b, precision: fp8, gpu: h100-sxm, replicas: 2 }
  tenants:
    shop: { tier: gold, adapters: { tuned: { rank: 16 } } }
    lab: { tier: bronze }
    guest: { tier: silver }
workload:
  shop: { arrivals: { process: gamma, rate: 30/s, cv: 2 }, promptTokens: { lognormal: { median: 200, p99: 2000 } }, outputTokens: { exponential: { mean: 80, max: 900 } }, adapters: { tuned: 50% } }
  lab: { arrivals: { process: closed-loop, users: 8, think: 500ms }, promptTokens: 900, outputTokens: { exponential: { mean: 120, max: 900 } }, timeout: 2s, retry: { attempts: 2 } }
GUEST
faults: [ { crash: { pool: shared, replica: 1, at: 10s, downFor: 5s } } ]
simulation: { duration: 30s, warmup: 0s, seed: 7, audit: { requests: 0 } }
`;
const GUEST =
  "  guest: { arrivals: { process: poisson, rate: 10/s }, promptTokens: 50, outputTokens: 50 }";

function run(guest: string, overrides: string[] = []) {
  return simulate(scenarioOf(FILE.replace("GUEST", guest), overrides));
}

function bytes(overrides: string[] = []): string {
  return JSON.stringify(run(GUEST, overrides).results);
}

function sentByShop(guest: string): string[] {
  return run(guest)
    .records.filter(({ sent }) => sent.client === 0)
    .map(({ sent }) => JSON.stringify(sent.arrival))
    .toSorted();
}

test("the same seed gives the same results, another seed others", () => {
  expect(bytes()).toBe(bytes());
  expect(bytes(["simulation.seed=8"])).not.toBe(bytes());
});

test("adding a client leaves when and what the open-loop others send unchanged", () => {
  expect(sentByShop(GUEST)).toEqual(sentByShop(""));
});

test("a limit on requests is kept to the request, whoever sends the last one", () => {
  const { results } = run(GUEST, ["simulation.maxRequests=137"]);
  expect(results.run.requests).toBe(137);
});
