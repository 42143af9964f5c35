/**
 * What a client waits for beside the GPU, by hand: a step takes 10 ms whatever is in it, a request 3 ms at the HTTP front and 1 ms
 * for each sequence that runs. The first arrives at 0 and wants four tokens, the second at 5 ms.
 */
import { expect, test } from "vitest";
import { type RequestRecord, runSimulation } from "../../../src/sim/simulate.ts";
import type { TraceRow } from "../../../src/sim/workload/client.ts";
import { scenarioOf } from "../../support/scenario.ts";

const MS = 1e6;

function run(pool: object, client: object = {}): readonly RequestRecord[] {
  const scenario = scenarioOf({
    version: 2,
    name: "edge",
    platform: {
      policy: "fcfs",
      tiers: { all: { weight: 1 } },
      pools: {
        pool: {
          model: "llama-3.1-8b",
          gpu: "h100-sxm",
          replicas: 1,
          stepTime: { fixed: "10ms" },
          edgeOverhead: { request: "3ms", running: "1ms" },
          ...pool,
        },
      },
      tenants: { acme: { tier: "all" } },
    },
    workload: {
      acme: { arrivals: { trace: { path: "rows", format: "tenantry" } }, ...client },
    },
    simulation: { duration: "unlimited" },
  });
  const rows = [0, 5].map(
    (ms): TraceRow => ({
      timeNs: ms * MS,
      promptTokens: 100,
      outputTokens: 4,
      client: undefined,
      hashes: undefined,
    }),
  );
  const records: RequestRecord[] = [];
  let next = 0;
  runSimulation(scenario, {
    openTrace: () => ({ next: () => rows[next++], skippedRows: 0 }),
    onRequest: (record) => records.push(record),
  });
  return records;
}

function timesMs({ nowNs, request }: RequestRecord): { ttft: number; e2e: number } {
  const { arrivalNs, firstTokenNs } = request!;
  return { ttft: (firstTokenNs - arrivalNs) / MS, e2e: (nowNs - arrivalNs) / MS };
}

test("time at the edge comes before the queue and counts as latency", () => {
  // Queued at 3 and at 5 + 3 + 1; steps end at 13, 23, ...: the second joins at 13.
  const [first, second] = run({}).map(timesMs);
  expect(first).toEqual({ ttft: 13, e2e: 43 });
  expect(second).toEqual({ ttft: 18, e2e: 48 });
});

test("a step that is composed ahead goes without whoever joins meanwhile", () => {
  // The step from 13 to 23 was composed when the one from 3 to 13 began; the first found an idle replica.
  const [first, second] = run({ asyncScheduling: true }).map(timesMs);
  expect(first).toEqual({ ttft: 13, e2e: 43 });
  expect(second).toEqual({ ttft: 28, e2e: 58 });
});

test("a client's patience begins when it sends", () => {
  const [first, second] = run({}, { timeout: "30ms" });
  // Its slot is free at the next boundary after 30 and 35 ms.
  expect([first, second].map((record) => record!.outcome)).toEqual(["cancelled", "cancelled"]);
  expect([first, second].map((record) => record!.nowNs / MS)).toEqual([33, 43]);
});

test("whose patience ends at the edge is gone when he would have been queued", () => {
  const records = run({}, { timeout: "2ms" });
  expect(records.map(({ outcome }) => outcome)).toEqual(["cancelled", "cancelled"]);
  expect(records.map(({ request }) => request!.outputTokens)).toEqual([0, 0]);
});
