import fc from "fast-check";
import { expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import { checkInvariants, checkReplicaTime } from "../../src/engine/invariants.ts";
import type { Sent } from "../../src/sim/cluster.ts";
import type { RequestRecord } from "../../src/sim/simulate.ts";
import { type Finished, scenarioOf, simulate } from "../support/scenario.ts";
import { drawn, fileOf, reloadedFileOf } from "./draw.ts";

/** Another seed explores other scenarios: SWARM_SEED=7 SWARM_CASES=1000 npx vitest run --project unit test/swarm */
const SEED = Number(process.env["SWARM_SEED"] ?? 20_260_101);
const CASES = Number(process.env["SWARM_CASES"] ?? 300);

/** Arrivals stop after 4 s; whatever is still in flight after this long will never end. */
const STUCK_NS = 1200e9;

test(`${CASES} random scenarios of seed ${SEED}: safe after every event, and everything ends`, () => {
  const seen = new Map<string, number>();
  const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
  fc.assert(
    fc.property(drawn, (given) => {
      const scenario = scenarioOf(fileOf(given));
      const reloaded = scenarioOf(reloadedFileOf(given)).platform;
      let events = 0;
      let lent = false;
      const finished = simulate(scenario, {
        afterEvent(engine, nowNs) {
          expectSafe(engine, nowNs);
          if (engine.replicas.some(({ borrowerCount }) => borrowerCount > 0)) lent = true;
          events += 1;
          if (events !== given.reload?.afterEvents) return;
          expect(engine.reload(nowNs, reloaded)).toBeUndefined();
          expectSafe(engine, nowNs);
          count("reload");
        },
      });
      expectEveryEndOnce(finished);
      expectNothingHeld(finished);
      expectAccounts(finished);
      for (const what of whatHappened(finished)) count(what);
      if (lent) count("lent");
    }),
    { seed: SEED, numRuns: CASES, interruptAfterTimeLimit: 55_000, markInterruptAsFailure: false },
  );
  // A swarm in which something never happens says nothing about it.
  for (const what of [
    "completed",
    "cancelled",
    "crash",
    "preempted",
    "kv pressure",
    "adapter load",
    "retry",
    "too-large",
    "queue-full",
    "rate-limit",
    "concurrency-limit",
    "shed",
    "tokens-per-day",
    "tokens-per-minute",
    "spend-per-month",
    "memory held",
    "reload",
    "lent",
    "prefix hit",
    "prefix hit after a preemption",
    "kv pressure with prefixes",
    "scale-out",
    "scale-in",
    "replica-released",
    "straggler",
  ]) {
    expect(seen.get(what) ?? 0, what).toBeGreaterThan(CASES / 50);
  }
});

function expectSafe(engine: Engine<Sent>, nowNs: number): void {
  checkInvariants(engine);
  checkReplicaTime(engine, nowNs);
  for (const { quota } of engine.tenants) {
    if (quota.config.enforcement !== "hard") continue;
    for (const budget of [quota.tokensPerDay, quota.spendPerMonth]) {
      if (budget.reserved + budget.spent > budget.limit) throw new Error("a hard budget overshot");
    }
  }
  if (nowNs > STUCK_NS) throw new Error(`still running at ${nowNs / 1e9} s`);
}

/** Every submission ended, once, with the output it asked for if it completed. */
function expectEveryEndOnce({ records, collector, engine }: Finished): void {
  const arrived = collector.tenants.reduce((sum, stats) => sum + stats.arrived, 0);
  expect(records.length).toBe(arrived);
  expect(new Set(records.map(({ sent }) => sent.arrival)).size).toBe(arrived);
  for (const { request, outcome, sent, reason } of records) {
    expect(request === undefined).toBe(reason !== undefined);
    if (request === undefined) continue;
    expect(request.state).toBe("ended");
    const asked = Math.min(sent.arrival.outputTokens, request.maxOutputTokens);
    if (outcome === "completed") expect(request.outputTokens).toBe(asked);
    else expect(request.outputTokens).toBeLessThan(asked);
  }
  const requests = records.flatMap(({ request }) => request ?? []);
  for (const { index } of engine.tenants) {
    const billed = requests.filter(
      ({ tenant, outputTokens }) => tenant === index && outputTokens > 0,
    );
    const prompt = billed.reduce((sum, { promptTokens }) => sum + promptTokens, 0);
    const output = billed.reduce((sum, { outputTokens }) => sum + outputTokens, 0);
    const { ledger } = engine;
    const input = ledger.quantity(index, "input") + ledger.quantity(index, "cached-input");
    expect(input, "prompts are billed once").toBe(prompt);
    expect(ledger.quantity(index, "output")).toBe(output);
  }
}

function expectNothingHeld({ engine }: Finished): void {
  expect(engine.requestsInFlight).toBe(0);
  for (const { quota } of engine.tenants) {
    expect(quota.leases).toBe(0);
    expect(quota.tokensPerDay.reserved).toBe(0);
    expect(quota.spendPerMonth.reserved).toBe(0);
  }
  for (const {
    boundCount,
    promisedBlocks,
    contextTokens,
    pendingPromptTokens,
    meter,
  } of engine.replicas) {
    expect({ boundCount, promisedBlocks, contextTokens, pendingPromptTokens }).toEqual({
      boundCount: 0,
      promisedBlocks: 0,
      contextTokens: 0,
      pendingPromptTokens: 0,
    });
    expect(meter.kvBlocksUsed).toBe(0);
    expect(meter.inFlightPs()).toBe(0);
  }
  for (const { queuedRequests } of engine.schedulers) expect(queuedRequests).toBe(0);
}

/** Every nanosecond of every replica was charged, idle, lost, down, boot or off, and every dollar of what was on is accounted for. */
function expectAccounts({ engine, endNs, results }: Finished): void {
  for (const { meter, index } of engine.replicas) {
    const restNs = meter.idleUntil(endNs) + meter.downUntil(endNs) + meter.bootUntil(endNs);
    expect(restNs + meter.offUntil(endNs) + meter.busyNs).toBe(endNs);
    const { chargedNs, carryNs } = engine.ledger.replicaAccount(index);
    const missingNs = meter.busyNs - meter.lostNs - chargedNs - carryNs;
    expect(Math.abs(missingNs)).toBeLessThan(1e-3 + 1e-9 * meter.busyNs);
  }
  for (const pool of results.pools) {
    const parts = pool.chargedUsd + pool.idleUsd + pool.downUsd + pool.bootUsd + pool.recomputedUsd;
    expect(Math.abs(parts - pool.gpuUsd)).toBeLessThan(1e-8);
  }
}

function whatHappened(finished: Finished): Set<string> {
  const { engine, collector, results } = finished;
  const seen = new Set(finished.records.flatMap(fateOf));
  if (results.replicas.some(({ kvPressureEvents }) => kvPressureEvents > 0)) {
    seen.add("kv pressure");
  }
  for (const { adapterLoads, memory, config } of engine.tenants) {
    if (adapterLoads > 0) seen.add("adapter load");
    if (memory.isLimited && config.adapters.length > 0) seen.add("memory held");
  }
  for (const { event } of collector.events) seen.add(event.kind);
  if (seen.has("kv pressure") && seen.has("prefix hit")) seen.add("kv pressure with prefixes");
  return seen;
}

function fateOf({ outcome, reason, request, sent }: RequestRecord): string[] {
  const fate: string[] = [reason ?? outcome];
  if (sent.arrival.attempt > 0) fate.push("retry");
  if (request === undefined) return fate;
  const { preemptions, crashes, cachedTokens, cachedHere } = request;
  if (preemptions > 0) fate.push("preempted");
  if (crashes > 0) fate.push("crash");
  if (cachedTokens > 0) fate.push("prefix hit");
  if (preemptions > 0 && cachedHere > 0) fate.push("prefix hit after a preemption");
  return fate;
}
