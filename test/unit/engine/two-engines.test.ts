/**
 * Two routers over one platform's traffic, each with an engine and a replica of its own, where one tenant's clients mostly
 * know the first router and the other's mostly the second. Whether the platform keeps the weights asked for depends on
 * whether the engines tell each other what they served.
 */
import { describe, expect, test } from "vitest";
import type { EngineEffects } from "../../../src/engine/effects.ts";
import { Engine } from "../../../src/engine/engine.ts";
import { SimulatedCluster, type Sent, createMeters } from "../../../src/sim/cluster.ts";
import { EventQueue } from "../../../src/sim/event-queue.ts";
import { scenarioOf } from "../../support/scenario.ts";

const END_NS = 120e9;
const EXCHANGE_NS = 1e9;
/** A replica serves 12.3 requests a second; each tenant asks for six times as much, nine tenths of it at one router. */
const OFTEN_NS = Math.round(1e9 / 66.6);
const SELDOM_NS = Math.round(1e9 / 7.4);

const platformOf = (policy: string) =>
  scenarioOf(`
version: 2
name: two engines
platform:
  policy: ${policy}
  # The policy's own division is what is measured.
  isolation: { mitigate: false }
  pools:
    shared: { model: llama-3.1-8b, gpu: h100-sxm, replicas: 1, maxNumSeqs: 8, maxNumBatchedTokens: 256, stepTime: { fixed: 10ms } }
  tenants:
    three: { tier: silver, weight: 3, quotas: { maxQueuedRequests: 1M } }
    one: { tier: silver, weight: 1, quotas: { maxQueuedRequests: 1M } }
workload: {}
`).platform;

/** One router: its engine, its replica, and a steady stream of each tenant's requests. */
function addRouter(policy: string, events: EventQueue, gapsNs: readonly number[]): Engine<Sent> {
  const platform = platformOf(policy);
  const meters = createMeters(platform.pools);
  const wake = events.addSource("wake", (nowNs) => engine.wake(nowNs));
  const effects: EngineEffects<Sent> = {
    join: (nowNs, replica, slot, request) => cluster.join(nowNs, replica, slot, request),
    evict: (nowNs, replica, slot) => cluster.evict(nowNs, replica, slot),
    provision() {},
    release() {},
    loadAdapter() {},
    unloadAdapter() {},
    askBoundary: (nowNs, replica, step) => cluster.askBoundary(nowNs, replica, step),
    wakeAt: (timeNs) => events.schedule(wake, timeNs),
    firstToken() {},
    ended() {},
    charged() {},
    event() {},
  };
  const engine = new Engine<Sent>(platform, effects, meters);
  const cluster = new SimulatedCluster(
    { pools: platform.pools, meters, truthOf: undefined },
    events,
    engine,
  );
  engine.startDay(0, Infinity);
  engine.startMonth(0, Infinity);
  for (const [tenant, gapNs] of gapsNs.entries()) {
    const source = events.addSource("arrival", (nowNs) => {
      const arrival = {
        timeNs: nowNs,
        promptTokens: 64,
        outputTokens: 64,
        maxOutputTokens: 64,
        adapter: undefined,
        segments: undefined,
        attempt: 0,
      };
      const origin = { client: tenant, arrival, arrivalNs: nowNs, leavesEdgeNs: nowNs };
      engine.submit(nowNs, { ...arrival, origin, tenant, pool: 0 });
      events.schedule(source, nowNs + gapNs);
    });
    events.schedule(source, gapNs);
  }
  return engine;
}

/** The first tenant's service over the second's, both routers together. */
function servedRatio(policy: string, isExchanging: boolean): number {
  const events = new EventQueue(32);
  const first = addRouter(policy, events, [OFTEN_NS, SELDOM_NS]);
  const second = addRouter(policy, events, [SELDOM_NS, OFTEN_NS]);
  const exchange = events.addSource("wake", (nowNs) => {
    const deltas = [first.takeServiceDeltas(), second.takeServiceDeltas()] as const;
    first.absorbServiceDeltas(deltas[1]);
    second.absorbServiceDeltas(deltas[0]);
    events.schedule(exchange, nowNs + EXCHANGE_NS);
  });
  if (isExchanging) events.schedule(exchange, EXCHANGE_NS);
  while (events.nextNs <= END_NS) events.runNext();
  const of = (tenant: number) =>
    first.fairness[0]!.service(tenant) + second.fairness[0]!.service(tenant);
  return of(0) / of(1);
}

describe.each(["vtc", "slo-fair"])(
  "%s over two routers, weights 3 and 1, traffic 9 to 1",
  (policy) => {
    test("keeps the weights within 5 % when counter deltas are exchanged every second", () => {
      const ratio = servedRatio(policy, true);
      expect(ratio).toBeGreaterThan(3 * 0.95);
      expect(ratio).toBeLessThan(3 * 1.05);
    });

    test("drifts towards each router's own traffic when they are not", () => {
      // First router 3:1 of its own; at the second the first tenant asks for 0.6 of it and gets that: (0.75+0.6)/(0.25+0.4).
      const ratio = servedRatio(policy, false);
      expect(ratio).toBeGreaterThan(1.9);
      expect(ratio).toBeLessThan(2.25);
    });
  },
);
