/** Equal scenario and seed, equal results; and a newcomer changes nothing about the traffic of others. */
import { expect, test } from "vitest";
import { scenarioOf, simulate } from "../support/scenario.ts";

const FILE = `
version: 2
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

/** Its first client speaks in conversations behind a system prompt. */
const CHATTING = [
  "workload.shop.conversation={ turns: { uniform: { min: 1, max: 6 } }, think: 300ms }",
  "workload.shop.systemPrompt=200",
];

function bytes(overrides: string[] = []): string {
  return JSON.stringify(run(GUEST, overrides).results);
}

function sentByShop(guest: string): string[] {
  return run(guest)
    .records.filter(({ sent }) => sent.client === 0)
    .map(({ sent }) => JSON.stringify(sent.arrival))
    .toSorted();
}

/** Output lengths of every conversation of the shop, turn by turn. */
function turnsOf(overrides: string[]): number[][] {
  const turns = new Map<unknown, number[]>();
  const { records } = run(GUEST, [...CHATTING, "workload.shop.adapters={}", ...overrides]);
  for (const { sent } of records.toSorted(
    (a, b) => a.sent.arrival.timeNs - b.sent.arrival.timeNs,
  )) {
    const { segments, outputTokens } = sent.arrival;
    if (sent.client === 0) turns.set(segments, [...(turns.get(segments) ?? []), outputTokens]);
  }
  return [...turns.values()];
}

test("the same seed gives the same results, another seed others", () => {
  expect(bytes()).toBe(bytes());
  expect(bytes(["simulation.seed=8"])).not.toBe(bytes());
});

test("so it is with conversations and prefix caches, whose hits are in the results", () => {
  expect(bytes(CHATTING)).toBe(bytes(CHATTING));
  const { results } = run(GUEST, CHATTING);
  expect(results.tenants[0]!.counts.prefixHitRate).toBeGreaterThan(0.3);
  expect(results.tenants[1]!.counts.cachedPromptTokens).toBe(0);
});

test("what conversations say does not depend on how fast they are answered", () => {
  const slow = turnsOf(["platform.pools.shared.replicas=1", "faults=[]"]);
  const fast = turnsOf(["platform.pools.shared.replicas=4", "faults=[]"]);
  expect(slow.length).toBe(fast.length);
  // The end of arrivals cuts the last ones at different turns.
  const isPrefix = slow.every((turns, at) =>
    turns.every((tokens, turn) => turn >= fast[at]!.length || fast[at]![turn] === tokens),
  );
  expect(isPrefix).toBe(true);
});

test("adding a client leaves when and what the open-loop others send unchanged", () => {
  expect(sentByShop(GUEST)).toEqual(sentByShop(""));
});

test("a limit on requests is kept to the request, whoever sends the last one", () => {
  const { results } = run(GUEST, ["simulation.maxRequests=137"]);
  expect(results.run.requests).toBe(137);
});
