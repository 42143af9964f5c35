/** Whose prompt a replica computes first: long ones hold up nobody who is due before them, and are not held up for ever. */
import { expect, test } from "vitest";
import { PrefillTime } from "../../../src/engine/allocation/prefill-time.ts";
import { emptyCost } from "../../../src/replica/step-model.ts";
import { scenarioOf, simulate } from "../../support/scenario.ts";

/** One replica, 512 tokens a step: 5 ms and 10 us a token, so 10.12 ms for a full step. */
function file(given: {
  readonly policy?: string;
  readonly gold: string;
  readonly bronze: string;
  readonly duration?: string;
}): string {
  return `
version: 2
name: prefill-order
platform:
  policy: ${given.policy ?? "slo-fair"}
  pools:
    shared: { model: llama-3.1-8b, gpu: h100-sxm, replicas: 1, maxNumSeqs: 64, maxNumBatchedTokens: 512, stepTime: { fixed: 5ms, perToken: 10us }, tierShares: { gold: 80%, bronze: 20% } }
  tenants: { g: { tier: gold }, b: { tier: bronze } }
workload:
  g: { ${given.gold}, outputTokens: 4, maxOutputTokens: 4 }
  b: { ${given.bronze}, outputTokens: 4, maxOutputTokens: 4 }
simulation: { duration: ${given.duration ?? "60s"}, seed: 1, audit: { requests: 0 } }`;
}

const FULL_STEP_MS = 5 + 0.01 * 512;
const GOLD = "arrivals: { process: poisson, rate: 5/s }, promptTokens: 200";
const DOCUMENTS = "arrivals: { process: closed-loop, users: 2, think: 100ms }, promptTokens: 60000";

function run(text: string) {
  const { records, results } = simulate(scenarioOf(text));
  const ttftMs = (tenant: number) =>
    records
      .flatMap(({ request }) => (request?.tenant === tenant ? [request] : []))
      .map(({ firstTokenNs, arrivalNs }) => (firstTokenNs - arrivalNs) / 1e6);
  return { gold: ttftMs(0), bronze: ttftMs(1), results };
}

test("a prompt of 118 steps holds up gold by the rest of one, and loses nothing", () => {
  const { gold, bronze, results } = run(file({ gold: GOLD, bronze: DOCUMENTS }));
  // The rest of a step and one's own; another, when three arrive in one step and fill the next.
  expect(Math.max(...gold)).toBeLessThan(3 * FULL_STEP_MS);
  expect(gold.filter((ms) => ms < 2 * FULL_STEP_MS).length / gold.length).toBeGreaterThan(0.99);
  expect(results.platform.counts.recomputedTokens).toBe(0);
  // One after the other, each in 118 full steps and a few for what gold took of them.
  expect(bronze.length).toBeGreaterThan((60_000 / (118 * FULL_STEP_MS)) * 0.9);
});

test("under fcfs it holds up gold until it is done", () => {
  const { gold } = run(file({ policy: "fcfs", gold: GOLD, bronze: DOCUMENTS }));
  expect(Math.max(...gold)).toBeGreaterThan(1000);
});

test("a long prompt is done at its tier's share of a replica whose higher tier asks for more than all of it", () => {
  // Some 50,000 tokens a second are computed; gold asks for 60,000.
  const flood = "arrivals: { process: poisson, rate: 150/s }, promptTokens: 400";
  const documents = "arrivals: { process: constant, rate: 0.1/s }, promptTokens: 20000";
  const { bronze } = run(file({ gold: flood, bronze: documents }));
  expect(bronze.length).toBe(5);
  // Waiting to be begun and being computed, each bounded by the target and the time at a fifth of the replica: 40 steps.
  const boundMs = 2 * (500 + (40 * FULL_STEP_MS) / 0.2);
  for (const ms of bronze) expect(ms).toBeLessThan(boundMs);
});

test("the time of a long prompt is that of its steps, attention included, by hand", () => {
  const { platform } = scenarioOf(
    file({ gold: GOLD, bronze: DOCUMENTS }).replace(
      "stepTime: { fixed: 5ms, perToken: 10us },",
      "",
    ),
  );
  const [pool] = platform.pools;
  const prefill = new PrefillTime(pool!);
  const cost = emptyCost();
  let byHandNs = 0;
  for (let before = 0; before < 60 * 512; before += 512) {
    const prefillPairs = 512 * (before + 513 / 2);
    const chunk = { decodes: 0, prefills: 1, prefillTokens: 512, contextTokens: 0 };
    pool!.stepModel.cost({ ...chunk, prefillPairs }, cost);
    byHandNs += cost.totalPs / 1000;
  }
  expect(prefill.aloneNs(60 * 512) / byHandNs).toBeCloseTo(1, 2);
  expect(prefill.longestAttentionNs(60 * 512)).toBeCloseTo(cost.attentionPs / 1000, -3);
});
