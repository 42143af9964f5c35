/** A pool's risk worked by hand: steps of 10 ms and 100 us per token, so that every time is a round number. */
import { expect, test } from "vitest";
import { poolRisk } from "../../../src/engine/allocation/pool-risk.ts";
import { Engine } from "../../../src/engine/engine.ts";
import { StepMeter } from "../../../src/replica/step-meter.ts";
import { scenarioOf } from "../../support/scenario.ts";

const LIMITS_NS = [110e6, Infinity];

function nothing(): void {}

function engineOf(replicas: number, maxNumSeqs: number): Engine<undefined> {
  const { platform } = scenarioOf({
    version: 2,
    name: "risk",
    platform: {
      policy: "fcfs",
      tiers: { gold: { weight: 1, targets: [{ ttft: "110ms" }] }, free: { weight: 1 } },
      pools: {
        shared: {
          model: "llama-3.1-8b",
          gpu: "h100-sxm",
          replicas,
          maxNumSeqs,
          stepTime: { fixed: "10ms", perToken: "100us" },
        },
      },
      tenants: { bank: { tier: "gold" }, blog: { tier: "free" } },
    },
  });
  const effects = {
    join: nothing,
    evict: nothing,
    loadAdapter: nothing,
    unloadAdapter: nothing,
    askBoundary: nothing,
    provision: nothing,
    release: nothing,
    wakeAt: nothing,
    firstToken: nothing,
    ended: nothing,
    charged: nothing,
    event: nothing,
  };
  const meters = Array.from({ length: replicas }, () => new StepMeter(maxNumSeqs));
  return new Engine<undefined>(platform, effects, meters);
}

function submit(engine: Engine<undefined>, tenant: number, promptTokens: number): void {
  const request = { origin: undefined, tenant, pool: 0, promptTokens, maxOutputTokens: 100 };
  const { kind } = engine.submit(0, { ...request, adapter: undefined });
  expect(kind).toBe("accepted");
}

test("an idle pool runs none", () => {
  const { schedulers } = engineOf(2, 4);
  expect(poolRisk(schedulers[0]!, LIMITS_NS).risk).toBe(0);
});

test("half of the slots taken, each with little to compute", () => {
  const engine = engineOf(2, 4);
  for (let count = 0; count < 4; count++) submit(engine, 1, 1);
  const { risk, cause } = poolRisk(engine.schedulers[0]!, [Infinity, Infinity]);
  expect(risk).toBe(4 / 8);
  expect(cause).toBe("50 % of the slots are taken");
});

test("a prompt being computed eats up the slack of a newcomer", () => {
  const engine = engineOf(1, 100);
  submit(engine, 0, 500);
  // A newcomer of 500 tokens: idle 10.1 + 50 ms (a step of one token takes 10.1 ms, each further one 0.1 ms less a rounding of
  // the fit). Behind the other prompt: half a step, 5.05 ms, and 50 ms for the 500 tokens. Slack: 110 - 60 = 50 ms.
  const { risk, cause } = poolRisk(engine.schedulers[0]!, LIMITS_NS);
  expect(risk).toBeCloseTo(55.05 / 49.9, 1);
  expect(cause).toMatch(/^waiting takes 1\d\d % of gold's TTFT slack$/);
  // A second replica would take the newcomer at once.
  const two = engineOf(2, 100);
  submit(two, 0, 500);
  expect(poolRisk(two.schedulers[0]!, LIMITS_NS).risk).toBeLessThan(0.01);
});

test("a slow replica is as late as it is slow", () => {
  const engine = engineOf(1, 100);
  submit(engine, 0, 100);
  const usual = poolRisk(engine.schedulers[0]!, LIMITS_NS).risk;
  engine.replicas[0]!.slowness = 2;
  // First token behind the other: 5.05 + 10.1 + 20 = 35.15 ms, twice that when slow; idle 20.1, slack 89.9.
  expect(usual).toBeCloseTo(15.05 / 89.9, 1);
  expect(poolRisk(engine.schedulers[0]!, LIMITS_NS).risk).toBeCloseTo(50.2 / 89.9, 1);
});

test("what waits counts for its tier and those below, and is capped", () => {
  const engine = engineOf(1, 1);
  for (let count = 0; count < 200; count++) submit(engine, 0, 400);
  expect(poolRisk(engine.schedulers[0]!, LIMITS_NS).risk).toBe(10);
});

test("a target that even an idle replica misses says nothing about the number of replicas", () => {
  const engine = engineOf(1, 100);
  submit(engine, 0, 500);
  expect(poolRisk(engine.schedulers[0]!, [50e6, Infinity]).risk).toBeLessThan(0.02);
});

test("with nobody to take it, work that waits is the highest risk, and no work none", () => {
  const engine = engineOf(1, 4);
  engine.down(0, 0, "a test");
  expect(poolRisk(engine.schedulers[0]!, LIMITS_NS).risk).toBe(0);
  submit(engine, 0, 10);
  expect(poolRisk(engine.schedulers[0]!, LIMITS_NS).risk).toBe(10);
});
