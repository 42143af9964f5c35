/** Whoever waits for adapter memory holds up nobody who needs none, and is not passed for ever by those who need some. */
import { describe, expect, test } from "vitest";
import { scenarioOf, simulate } from "../../support/scenario.ts";

/** Steps of 10 ms and room for one adapter of 100 MiB, which takes some 2 ms to load. */
function run(clients: string) {
  const { records } = simulate(
    scenarioOf(`
version: 2
name: adapter-passing
platform:
  policy: slo-fair
  pools:
    shared: { model: llama-3.1-8b, gpu: h100-sxm, replicas: 1, maxNumSeqs: 32, maxNumBatchedTokens: 512, adapterMemory: 100MiB, stepTime: { fixed: 10ms }, tierShares: { silver: 100% } }
  tenants:
    p: { tier: silver, adapters: { x: { size: 100MiB }, y: { size: 100MiB } } }
    q: { tier: silver, adapters: { z: { size: 100MiB } } }
workload:
${clients}
simulation: { duration: 60s, seed: 1, audit: { requests: 0 } }`),
  );
  const clientsTtftMs = new Map<number, number[]>();
  for (const { request, sent } of records) {
    const ttftMs = (request!.firstTokenNs - request!.arrivalNs) / 1e6;
    const others = clientsTtftMs.get(sent.client) ?? [];
    clientsTtftMs.set(sent.client, [...others, ttftMs]);
  }
  return { ttftMs: (client: number) => clientsTtftMs.get(client) ?? [], records };
}

const LONG =
  "{ tenant: p, arrivals: { process: closed-loop, users: 1, think: 1s }, promptTokens: 8, outputTokens: 1000, maxOutputTokens: 1000, adapters: { x: 100% } }";
const COLD =
  "{ tenant: p, arrivals: { process: poisson, rate: 0.5/s }, promptTokens: 8, outputTokens: 20, adapters: { y: 100% } }";
const base = (tenant: string) =>
  `{ tenant: ${tenant}, arrivals: { process: poisson, rate: 20/s }, promptTokens: 8, outputTokens: 20 }`;

describe("a request that waits for adapter memory", () => {
  test.each(["p", "q"])("is passed by requests of tenant %s that need none", (tenant) => {
    const { ttftMs } = run(`  long: ${LONG}\n  cold: ${COLD}\n  base: ${base(tenant)}`);
    expect(Math.max(...ttftMs(2))).toBeLessThanOrEqual(30);
    expect(ttftMs(2).length).toBeGreaterThan(1000);
    // It waits for the long one of 10 s to end, and no longer.
    expect(Math.max(...ttftMs(1))).toBeGreaterThan(5000);
    expect(Math.max(...ttftMs(1))).toBeLessThan(10_100);
  });

  test("is passed a while by requests of its tenant whose adapter is there", () => {
    // Four at a time on average, a second each: x is hardly ever out of use.
    const warm =
      "{ tenant: p, arrivals: { process: poisson, rate: 4/s }, promptTokens: 8, outputTokens: 100, maxOutputTokens: 100, adapters: { x: 100% } }";
    const { ttftMs } = run(`  warm: ${warm}\n  cold: ${COLD}`);
    const sorted = ttftMs(0).toSorted((a, b) => a - b);
    expect(sorted[Math.floor(0.7 * sorted.length)]).toBeLessThan(30);
    expect(ttftMs(0).length).toBeGreaterThan(200);
  });

  test.each(["p: x", "q: z"])("is not passed for ever by those who use the memory (%s)", (who) => {
    const [tenant, adapter] = who.split(": ");
    // Three at a time, one after the other, so that their adapter is always in use.
    const users = `{ tenant: ${tenant}, arrivals: { process: closed-loop, users: 3, think: 0s }, promptTokens: 8, outputTokens: { uniform: { min: 40, max: 60 } }, adapters: { ${adapter}: 100% } }`;
    const { ttftMs } = run(`  users: ${users}\n  cold: ${COLD}\n  base: ${base("q")}`);
    expect(ttftMs(1).length).toBeGreaterThan(20);
    // Sixteen of half a second by three pass it, those that run end, and as much for others of its kind before it.
    expect(Math.max(...ttftMs(1))).toBeLessThan(2 * ((16 * 600) / 3 + 600));
    expect(Math.max(...ttftMs(2))).toBeLessThanOrEqual(30);
  });
});
