/** The snapshot, the recent slices and the collected results say what happened, by numbers worked out by hand. */
import { expect, test } from "vitest";
import { SLA_MIN_SAMPLES } from "../../../src/engine/sla/sla-window.ts";
import { platformStatus } from "../../../src/live/observe/status.ts";
import { MOST_SLICES, SLICE_S } from "../../../src/live/observe/recent.ts";
import type { Watched } from "../dashboard/platform.ts";
import { HandClock, pass, send, stop, watched, watchedPlatform } from "../dashboard/platform.ts";

function statusOf({ driver, collecting }: Watched, before?: ReturnType<typeof platformStatus>) {
  return driver.inspect((engine, nowNs) => platformStatus(engine, collecting, nowNs, before));
}

test("who runs where, what waits, what it cost, and how busy replicas were since the snapshot before", async () => {
  const clock = new HandClock();
  const live = watched({ clock, outputTokens: () => 11 });
  const first = statusOf(live);
  expect(first.replicas.map(({ busyShare }) => busyShare)).toEqual([null, null, null, null, null]);
  send(live.driver, 0);
  for (let count = 0; count < 50; count++) send(live.driver, 2);
  await pass(live.driver, clock, 5);
  const midway = statusOf(live, first);
  expect(midway.requestsInFlight).toBe(51);
  const cedar = midway.tenants.find(({ name }) => name === "cedar")!;
  expect([cedar.running, cedar.queued, cedar.arrived]).toEqual([48, 2, 50]);
  expect(midway.tiers.map(({ queued, running }) => [queued, running])).toEqual([
    [0, 1],
    [2, 48],
    [0, 0],
  ]);
  expect(midway.replicas[2]).toMatchObject({
    name: "shared/0",
    runs: [{ tenant: 2, sequences: 16 }],
    maxSequences: 16,
    isUp: true,
    state: "up",
  });
  // 50 requests of 100 + 100 tokens are reserved, and nothing is used yet.
  expect(cedar.quotas.tokensToday).toEqual({ used: 0, reserved: 10_000, limit: 200_000 });
  expect(cedar.quotas.spendThisMonthUsd.limit).toBeNull();
  await pass(live.driver, clock, 995);
  const after = statusOf(live, midway);
  // acme-own/0 computed 67.1 ms in all, up to the 5 ms at which it was looked at last.
  expect(after.replicas[0]!.busyS).toBeCloseTo(0.0671, 9);
  expect(after.replicas[0]!.busyShare).toBeCloseTo((0.0671 - 0.005) / 0.995, 6);
  expect(after.replicas[1]!.busyShare).toBe(0);
  const done = after.tenants.find(({ name }) => name === "cedar")!;
  expect(done.quotas.tokensToday).toEqual({ used: 50 * 111, reserved: 0, limit: 200_000 });
  expect(done.costUsd.output).toBeCloseTo(50 * 11 * 2e-7, 12);
  expect(done.costUsdTotal).toBeCloseTo(
    done.costUsd.gpu + done.costUsd.input + done.costUsd.output,
    12,
  );
  expect(done.targets).toEqual([
    {
      metric: "ttft",
      percentile: 99,
      limitMs: 100,
      measuredMs: null,
      samples: 50,
      verdict: "not-enough-data",
    },
  ]);
  expect(after.costUsdTotal).toBeCloseTo(
    after.tenants.reduce((sum, { costUsdTotal }) => sum + costUsdTotal, 0),
    12,
  );
  expect(JSON.parse(JSON.stringify(after))).toEqual(after);
  await stop(live);
});

test("a target is judged from a hundred requests on, and refusals count beside it", async () => {
  const clock = new HandClock();
  const live = watched({ clock, outputTokens: () => 1 });
  for (let count = 0; count < SLA_MIN_SAMPLES; count++) {
    send(live.driver, 0);
    await pass(live.driver, clock, 50);
  }
  send(live.driver, 0, { maxOutputTokens: 10_000_000 });
  await pass(live.driver, clock, 50);
  const status = statusOf(live);
  const acme = status.tenants[0]!;
  expect(acme.name).toBe("acme");
  expect(acme.targets[0]).toEqual({
    metric: "ttft",
    percentile: 99,
    limitMs: 50,
    measuredMs: 7,
    samples: 100,
    verdict: "met",
  });
  expect(acme.ttftMsP50).toBe(7);
  expect(acme.compliance).toMatchObject({
    completed: 100,
    met: 1,
    metOfOwed: 1,
    metOfAll: 100 / 101,
  });
  expect(status.tiers[0]!.lastMinute.requests).toBe(100);
  // Histograms of 100 us: 7 ms is exactly 70 of them.
  expect(status.tiers[0]!.lastMinute.ttftMsP99).toBe(7);
  expect(status.tiers[2]!.lastMinute).toEqual({ requests: 0, ttftMsP50: null, ttftMsP99: null });
  expect(status.tiers[2]!.compliance.met).toBeNull();
  await stop(live);
});

test("recent slices hold counts and percentiles, and an idle hour leaves ten minutes of empty ones", async () => {
  const clock = new HandClock();
  const live = watched({ clock, outputTokens: () => 3 });
  const { recent } = live.collecting;
  send(live.driver, 1);
  await pass(live.driver, clock, 1000);
  send(live.driver, 0, { promptTokens: 700 });
  await pass(live.driver, clock, 1500);
  live.collecting.tick();
  const [first, second] = recent.slices();
  expect(first).toMatchObject({
    index: 0,
    ttftMsP99ByTenant: [
      [1, 7],
      [0, 13],
    ],
  });
  expect(first!.tiers[1]).toEqual({
    arrived: 1,
    rejected: 0,
    completed: 1,
    outputTokens: 3,
    queued: 0,
    running: 0,
    ttftMsP50: 7,
    ttftMsP99: 7,
  });
  expect(second).toMatchObject({ index: 1, ttftMsP99ByTenant: [] });
  await pass(live.driver, clock, 3_600_000);
  live.collecting.tick();
  const later = recent.slices();
  expect(later).toHaveLength(MOST_SLICES);
  expect(later.at(-1)!.index).toBe(Math.floor(3602.5 / SLICE_S));
  expect(later[0]!.index).toBe(later.at(-1)!.index - MOST_SLICES + 1);
  expect(later.every(({ tiers }) => tiers.every(({ arrived }) => arrived === 0))).toBe(true);
  expect(recent.present(0)).toEqual({ requests: 0, ttftMsP50: null, ttftMsP99: null });
  await stop(live);
});

test("the collector's slices end by time, each arrival in its own; a newcomer is counted from its reload on", async () => {
  const clock = new HandClock();
  const live = watched({ clock, outputTokens: () => 2 });
  for (const tenant of [0, 1, 1]) {
    send(live.driver, tenant);
    await pass(live.driver, clock, 300);
  }
  const more = watchedPlatform(["platform.tenants.fir={tier: bronze}"]);
  expect(live.driver.reload(more, { text: "", overrides: [] })).toBeUndefined();
  send(live.driver, 5);
  await pass(live.driver, clock, 350);
  live.collecting.tick();
  const { timeline, tenants } = live.collecting.collector;
  const built = timeline.build(clock.ns);
  expect(built.sliceSeconds).toBe(0.25);
  expect(built.tenants.map(({ name }) => name).at(-1)).toBe("fir");
  // Sent at 0, 0.3, 0.6 and 0.9 s: slices 0, 1, 2 and 3, four a second each.
  expect(built.tenants[0]!.arrivedPerS).toEqual([4, 0, 0, 0, 0]);
  expect(built.tenants[1]!.arrivedPerS).toEqual([0, 4, 4, 0, 0]);
  expect(built.tenants[5]!.arrivedPerS).toEqual([0, 0, 0, 4, 0]);
  expect(tenants[5]!.completed).toBe(1);
  expect(statusOf(live).tenants.find(({ name }) => name === "fir")).toMatchObject({
    arrived: 1,
    tier: "bronze",
  });
  for (const { busy } of built.pools) {
    for (const share of busy) expect(share).toBeGreaterThanOrEqual(0);
  }
  await stop(live);
});

test("requests that have waited past the target are overdue, and no longer once they have begun or gone", async () => {
  const clock = new HandClock();
  const live = watched({ clock, outputTokens: () => 90 });
  const waiting = Array.from({ length: 60 }, () => send(live.driver, 1));
  await pass(live.driver, clock, 99);
  expect(statusOf(live).tiers.map(({ overdue }) => overdue)).toEqual([0, 0, 0]);
  await pass(live.driver, clock, 2);
  // Three replicas take 16 each; 12 wait for longer than silver's 100 ms.
  expect(statusOf(live).tiers.map(({ overdue }) => overdue)).toEqual([0, 12, 0]);
  live.driver.cancel(waiting.at(-1)!);
  await pass(live.driver, clock, 1);
  expect(statusOf(live).tiers[1]!.overdue).toBe(11);
  await pass(live.driver, clock, 5000);
  expect(statusOf(live).tiers[1]!.overdue).toBe(0);
  await stop(live);
});

test("events are the newest fifty, newest first", async () => {
  const live = watched();
  for (let count = 0; count < 60; count++) {
    live.collecting.event(count * 1e9, {
      kind: "noisy-neighbour",
      tenant: 1,
      aggressor: 3,
      pool: 1,
      replica: undefined,
      message: `alarm ${count}`,
    });
  }
  const { events } = statusOf(live);
  expect(events).toHaveLength(50);
  expect(events[0]).toEqual({
    atS: 59,
    kind: "noisy-neighbour",
    tenant: "birch",
    aggressor: "dune",
    message: "alarm 59",
  });
  expect(live.collecting.collector.events).toHaveLength(60);
  await stop(live);
});
