/** Traces as traffic: cut, filter, rate, spread; and what a trace client shares with the others. */
import { describe, expect, test } from "vitest";
import type { ClientConfig, TraceConfig } from "../../../../src/scenario/scenario.ts";
import type { TraceRow } from "../../../../src/sim/workload/client.ts";
import { SECOND_NS, clientConfig, openClient, takeAll, traceConfig } from "./helpers.ts";

const S = SECOND_NS;

const ROWS = rows([0, "a"], [1, "b"], [3, "a"], [4, "a"], [7, "b"], [9, "a"]);

describe("a trace", () => {
  test.each<[string, Partial<TraceConfig>, number[]]>([
    ["as it is", {}, [0, 1, 3, 4, 7, 9]],
    ["at twice the rate", { rateScale: 2 }, [0, 0.5, 1.5, 2, 3.5, 4.5]],
    ["cut, its start moved to 0, its end exclusive", { fromNs: 3 * S, toNs: 9 * S }, [0, 1, 4]],
    ["cut between rows", { fromNs: 2.5 * S }, [0.5, 1.5, 4.5, 6.5]],
    ["cut and slowed", { fromNs: 3 * S, rateScale: 0.5 }, [0, 2, 8, 12]],
    ["of some clients", { clients: ["b"] }, [1, 7]],
    ["of no client", { clients: ["nobody"] }, []],
    ["of no time", { fromNs: 20 * S }, []],
  ])("%s", (_, changes, expected) => {
    expect(timesOf(ROWS, changes)).toEqual(expected);
  });

  test("takes rows without a client, whatever the filter", () => {
    expect(timesOf(rows([2, undefined]), { clients: ["a"] })).toEqual([2]);
  });

  test("ends with the run", () => {
    const config = clientConfig({ kind: "trace", trace: traceConfig() });
    const arrivals = takeAll(openClient(config, { rows: ROWS, durationNs: 4 * S }));
    expect(arrivals.map((arrival) => arrival.timeNs / S)).toEqual([0, 1, 3]);
  });

  test("brings its own lengths, cut at max_tokens", () => {
    const [first] = take(ROWS, {}, { maxOutputTokens: 5 });
    expect(first).toMatchObject({ promptTokens: 10, outputTokens: 5, maxOutputTokens: 5 });
  });

  test("is read as it is used, one row ahead", () => {
    let read = 0;
    const config = clientConfig({ kind: "trace", trace: traceConfig() });
    const endless = new Proxy(ROWS, { get: () => ({ ...ROWS[0], timeNs: read++ * S }) });
    const client = openClient(config, { rows: endless });
    takeAll(client, 10);
    expect(read).toBe(11);
  });
});

describe("coarse timestamps", () => {
  const ticks = rows([0, "a"], [0, "b"], [0, "a"], [3, "a"], [3, "b"], [9, "a"], [9, "a"]);

  test("are spread evenly", () => {
    expect(timesOf(ticks, { spreadNs: 3 * S })).toEqual([0, 1, 2, 3, 4.5, 9, 10.5]);
  });

  test("are spread no further than the next timestamp", () => {
    expect(timesOf(ticks, { spreadNs: 60 * S })).toEqual([0, 1, 2, 3, 6, 9, 39]);
  });

  test("are spread before clients are picked and parts are cut", () => {
    expect(timesOf(ticks, { spreadNs: 3 * S, clients: ["b"] })).toEqual([1, 4.5]);
    expect(timesOf(ticks, { spreadNs: 3 * S, fromNs: S, toNs: 4.5 * S })).toEqual([0, 1, 2]);
  });

  test("are scaled with the trace", () => {
    expect(timesOf(ticks, { spreadNs: 3 * S, rateScale: 2 })).toEqual([
      0, 0.5, 1, 1.5, 2.25, 4.5, 5.25,
    ]);
  });

  test("stay together without a spread", () => {
    expect(timesOf(ticks, {})).toEqual([0, 0, 0, 3, 3, 9, 9]);
  });

  test("of a huge group keep their order", () => {
    const many = [...Array.from({ length: 150_000 }, () => ROWS[0]!), ...rows([5, "a"])];
    const times = timesOf(many, { spreadNs: 3 * S });
    expect(times.length).toBe(150_001);
    expect(times.every((time, i) => i === 0 || time >= times[i - 1]!)).toBe(true);
    expect(times.at(-1)).toBe(5);
  });
});

function rows(...entries: (readonly [timeS: number, client: string | undefined])[]): TraceRow[] {
  return entries.map(([timeS, client], i) => ({
    timeNs: timeS * S,
    promptTokens: 10 + i,
    outputTokens: 20 + i,
    client,
    hashes: undefined,
  }));
}

function take(
  trace: readonly TraceRow[],
  changes: Partial<TraceConfig>,
  client: Partial<ClientConfig> = {},
) {
  const arrivals = { kind: "trace", trace: traceConfig(changes) } as const;
  return takeAll(openClient(clientConfig(arrivals, client), { rows: trace }), 1_000_000);
}

function timesOf(trace: readonly TraceRow[], changes: Partial<TraceConfig>): number[] {
  return take(trace, changes).map((arrival) => arrival.timeNs / S);
}
