/** Clients as the driver sees them: independence of streams, closed loops, retries, limits. */
import { describe, expect, test } from "vitest";
import type { ArrivalConfig, RetryConfig } from "../../../../src/scenario/scenario.ts";
import type { Arrival, AttemptEnd, Client } from "../../../../src/sim/workload/client.ts";
import { SECOND_NS, clientConfig, openClient, takeAll } from "./helpers.ts";

const S = SECOND_NS;
const POISSON: ArrivalConfig = { kind: "poisson", ratePerS: 10, shapes: [] };
const REGULAR: ArrivalConfig = { kind: "constant", ratePerS: 1, shapes: [] };

describe("streams", () => {
  const lengths = { kind: "lognormal", median: 300, sigma: 1, min: 1, max: 9000 } as const;
  const config = clientConfig(POISSON, { promptTokens: lengths, outputTokens: lengths });

  test("the same seed and names give the same requests", () => {
    expect(takeAll(openClient(config), 500)).toEqual(takeAll(openClient(config), 500));
  });

  test.each([
    ["seed", openClient(config, { seed: 2 })],
    ["client name", openClient({ ...config, name: "other" })],
    ["tenant name", openClient(config, { tenantName: "other" })],
  ])("another %s gives other requests", (_, other) => {
    expect(takeAll(other, 5)).not.toEqual(takeAll(openClient(config), 5));
  });

  test("another client taken in turns shifts nothing", () => {
    const alone = takeAll(openClient(config), 300);
    const client = openClient(config);
    const other = openClient({ ...config, name: "other" });
    const together = Array.from({ length: 300 }, () => {
      other.take();
      return client.take();
    });
    expect(together).toEqual(alone);
  });

  test("adapters, retries and the limit of the output change neither times nor prompts", () => {
    const plain = takeAll(openClient(config), 200);
    const changed = { ...config, adapterShares: [0.5], maxOutputTokens: 10, retry: retry({}) };
    const seen = takeAll(openClient(changed), 200);
    expect(seen.map(timeAndPrompt)).toEqual(plain.map(timeAndPrompt));
  });

  test("other lengths do not change the times", () => {
    const seen = takeAll(openClient(clientConfig(POISSON)), 200).map((arrival) => arrival.timeNs);
    const plain = takeAll(openClient(config), 200).map((arrival) => arrival.timeNs);
    expect(seen).toEqual(plain);
  });
});

describe("requests", () => {
  test("are cut at max_tokens", () => {
    const config = clientConfig(REGULAR, { maxOutputTokens: 15 });
    const arrival = openClient(config).take();
    expect(arrival).toEqual({
      timeNs: S,
      promptTokens: 100,
      outputTokens: 15,
      maxOutputTokens: 15,
      adapter: undefined,
      attempt: 0,
    });
  });

  test("use adapters by their shares, and the base model with the rest", () => {
    const config = clientConfig(POISSON, { adapterShares: [0.5, 0, 0.3] });
    const arrivals = takeAll(openClient(config), 20_000);
    const share = (adapter: number | undefined) =>
      arrivals.filter((arrival) => arrival.adapter === adapter).length / arrivals.length;
    // Standard error below 0.0036.
    expect(Math.abs(share(0) - 0.5)).toBeLessThan(0.015);
    expect(share(1)).toBe(0);
    expect(Math.abs(share(2) - 0.3)).toBeLessThan(0.015);
    expect(Math.abs(share(undefined) - 0.2)).toBeLessThan(0.015);
  });

  test("stop at the duration", () => {
    const times = takeAll(openClient(clientConfig(REGULAR), { durationNs: 3 * S }));
    expect(times.map((arrival) => arrival.timeNs)).toEqual([S, 2 * S]);
  });
});

describe("retries", () => {
  test.each(["rejected", "failed", "timed-out"] as const)("follow a request that %s", (outcome) => {
    const config = clientConfig(REGULAR, { retry: retry({}), adapterShares: [1] });
    const client = openClient(config, { durationNs: 1.5 * S });
    const first = client.take();
    expect(client.nextArrivalNs).toBe(Infinity);
    client.ended(first, outcome, advice(2 * S));
    expect(client.nextArrivalNs).toBe(2.1 * S);
    expect(client.take()).toEqual({ ...first, timeNs: 2.1 * S, attempt: 1 });
  });

  test("do not follow a completed request", () => {
    const client = openClient(clientConfig(REGULAR, { retry: retry({}) }), { durationNs: 1.5 * S });
    client.ended(client.take(), "completed", advice(2 * S));
    expect(client.nextArrivalNs).toBe(Infinity);
  });

  test("double their back-off up to the maximum and end after the last attempt", () => {
    const config = clientConfig(REGULAR, { retry: retry({ attempts: 5 }) });
    expect(waits(openClient(config, { durationNs: 1.5 * S }), 0)).toEqual([
      0.1 * S,
      0.2 * S,
      0.4 * S,
      0.5 * S,
      0.5 * S,
    ]);
  });

  test("wait for the server's advice where it is longer, to the nanosecond", () => {
    const config = clientConfig(REGULAR, { retry: retry({ attempts: 5 }) });
    const client = openClient(config, { durationNs: 1.5 * S });
    expect(waits(client, 250_000_001)).toEqual([
      250_000_001,
      250_000_001,
      0.4 * S,
      0.5 * S,
      0.5 * S,
    ]);
  });

  test("jitter around the back-off, never before the server's advice", () => {
    const config = clientConfig(POISSON, { retry: retry({ jitter: 0.5 }) });
    const client = openClient(config, { durationNs: 200 * S });
    for (const arrival of takeAll(client))
      client.ended(arrival, "failed", advice(1000 * S, 0.1 * S));
    const waitsNs = takeAll(client).map((arrival) => arrival.timeNs - 1000 * S);
    // Some 2,000 back-offs, evenly from 0.075 s to 0.125 s; half of them are shorter than the advice.
    expect(Math.min(...waitsNs)).toBe(0.1 * S);
    expect(waitsNs.filter((wait) => wait === 0.1 * S).length / waitsNs.length).toBeCloseTo(0.5, 1);
    expect(Math.max(...waitsNs)).toBeLessThanOrEqual(0.125 * S);
    expect(Math.max(...waitsNs)).toBeGreaterThan(0.124 * S);
  });

  test("come in order of time among new requests, and first where times are equal", () => {
    const client = openClient(
      clientConfig(REGULAR, { retry: retry({ backoffNs: S, maxBackoffNs: S }) }),
    );
    const first = client.take();
    client.ended(first, "failed", advice(S));
    const next = [client.take(), client.take(), client.take()];
    expect(next.map(({ timeNs, attempt }) => [timeNs, attempt])).toEqual([
      [2 * S, 1],
      [2 * S, 0],
      [3 * S, 0],
    ]);
  });
});

describe("closed-loop users", () => {
  const users: ArrivalConfig = { kind: "closed-loop", users: 5, thinkMeanNs: 2 * S, thinkCv: 1 };

  test("never have more requests in flight than they are", () => {
    const client = openClient(clientConfig(users));
    const inFlight: Arrival[] = [];
    let taken = 0;
    let nowNs = 0;
    while (taken < 2000) {
      if (client.nextArrivalNs === Infinity) {
        expect(inFlight.length).toBe(5);
        nowNs += S;
        client.ended(inFlight.shift()!, "completed", { nowNs, retryAfterNs: 0, outputTokens: 0 });
      } else {
        const arrival = client.take();
        expect(arrival.timeNs).toBeGreaterThanOrEqual(0);
        nowNs = Math.max(nowNs, arrival.timeNs);
        inFlight.push(arrival);
        taken++;
      }
      expect(inFlight.length).toBeLessThanOrEqual(5);
    }
  });

  test("reach the throughput of users / (think + service)", () => {
    const client = openClient(clientConfig(users));
    let sent = 0;
    // Every answer takes 0.5 s, so 5 users send 5 / 2.5 = 2 requests a second. 10,000 s: standard error below 1 %.
    for (const pending: Arrival[] = []; client.nextArrivalNs < 10_000 * S || pending.length > 0; ) {
      const doneNs = (pending[0]?.timeNs ?? Infinity) + 0.5 * S;
      if (doneNs <= client.nextArrivalNs) {
        client.ended(pending.shift()!, "completed", {
          nowNs: doneNs,
          retryAfterNs: 0,
          outputTokens: 0,
        });
        if (doneNs > 10_000 * S) break;
      } else {
        pending.push(client.take());
        sent++;
      }
    }
    expect(Math.abs(sent / 20_000 - 1)).toBeLessThan(0.03);
  });

  test("think exactly as long without variation, from the end of their request", () => {
    const client = openClient(clientConfig({ ...users, users: 1, thinkCv: 0 }));
    const first = client.take();
    expect(first.timeNs).toBe(2 * S);
    expect(client.nextArrivalNs).toBe(Infinity);
    client.ended(first, "completed", { nowNs: 10 * S, retryAfterNs: 0, outputTokens: 0 });
    expect(client.nextArrivalNs).toBe(12 * S);
  });

  test("retry before they think again", () => {
    const config = clientConfig(
      { ...users, users: 1, thinkCv: 0 },
      { retry: retry({ attempts: 1 }) },
    );
    const client = openClient(config);
    client.ended(client.take(), "rejected", { nowNs: 10 * S, retryAfterNs: 0, outputTokens: 0 });
    const again = client.take();
    expect([again.timeNs, again.attempt, client.nextArrivalNs]).toEqual([10.1 * S, 1, Infinity]);
    client.ended(again, "rejected", { nowNs: 11 * S, retryAfterNs: 3 * S, outputTokens: 0 });
    expect(client.nextArrivalNs).toBe(16 * S);
  });

  test("without think time do not hammer a server that refuses them", () => {
    const client = openClient(clientConfig({ ...users, users: 1, thinkMeanNs: 0 }));
    const first = client.take();
    client.ended(first, "rejected", { nowNs: first.timeNs, retryAfterNs: 0, outputTokens: 0 });
    expect(client.nextArrivalNs).toBeGreaterThanOrEqual(first.timeNs + 1_000_000);
  });

  test("leave at the end of arrivals", () => {
    const client = openClient(clientConfig({ ...users, thinkCv: 0 }), { durationNs: 3 * S });
    for (const arrival of takeAll(client)) {
      client.ended(arrival, "completed", { nowNs: 2.5 * S, retryAfterNs: 0, outputTokens: 0 });
    }
    expect(client.nextArrivalNs).toBe(Infinity);
  });
});

/** Time from the end of each attempt (7 ns after it was sent) to the next, until the client gives up. */
function waits(client: Client, retryAfterNs: number): number[] {
  const seen: number[] = [];
  let nowNs = client.nextArrivalNs;
  while (client.nextArrivalNs !== Infinity) {
    seen.push(client.nextArrivalNs - nowNs);
    const arrival = client.take();
    nowNs = arrival.timeNs + 7;
    client.ended(arrival, "rejected", advice(nowNs, retryAfterNs));
  }
  return seen.slice(1);
}

function advice(nowNs: number, retryAfterNs = 0): AttemptEnd {
  return { nowNs, retryAfterNs, outputTokens: 0 };
}

function timeAndPrompt({ timeNs, promptTokens }: Arrival): [number, number] {
  return [timeNs, promptTokens];
}

function retry(changes: Partial<RetryConfig>): RetryConfig {
  return { attempts: 1, backoffNs: 0.1 * S, maxBackoffNs: 0.5 * S, jitter: 0, ...changes };
}
