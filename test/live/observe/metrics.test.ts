/**
 * The metrics say what happened: totals against a run done by hand, a text that a strict reader takes, labels that stay
 * bounded, counters that never go back, and nothing secret in any of it.
 */
import { fastify } from "fastify";
import { expect, test } from "vitest";
import { Metrics, registerMetrics } from "../../../src/live/observe/metrics.ts";
import type { PlatformConfig } from "../../../src/engine/config.ts";
import { scenarioOf } from "../../support/scenario.ts";
import {
  HandClock,
  pass,
  SCENARIO,
  send,
  stop,
  watched,
  watchedPlatform,
} from "../dashboard/platform.ts";
import { type Family, parseExposition, valueOf } from "./exposition.ts";

async function read(metrics: Metrics) {
  return parseExposition(await metrics.text());
}

test("totals, latencies and states after three requests of known length", async () => {
  const clock = new HandClock();
  const platform = watchedPlatform();
  const metrics = new Metrics(platform);
  const live = watched({ platform, clock, observers: [metrics], outputTokens: () => 11 });
  metrics.attach(live.driver, () => 3);
  send(live.driver, 0, { promptTokens: 100 });
  send(live.driver, 1, { promptTokens: 200 });
  const gone = send(live.driver, 1, { promptTokens: 100 });
  await pass(live.driver, clock, 1);
  live.driver.cancel(gone);
  send(live.driver, 3, { promptTokens: 100, maxOutputTokens: 10_000_000 });
  await pass(live.driver, clock, 4);
  const midway = await read(metrics);
  expect(valueOf(midway, "tenantry_in_flight_requests")).toBe(3);
  expect(valueOf(midway, "tenantry_running_requests", { tier: "gold", tenant: "acme" })).toBe(1);
  expect(
    valueOf(midway, "tenantry_kv_blocks_used", { pool: "acme-own", replica: "acme-own/0" }),
  ).toBe(7);
  await pass(live.driver, clock, 2000);
  const after = await read(metrics);
  const requests = (tier: string, tenant: string, outcome: string) =>
    valueOf(after, "tenantry_requests_total", { tier, tenant, outcome });
  expect(requests("gold", "acme", "completed")).toBe(1);
  expect(requests("silver", "birch", "completed")).toBe(1);
  expect(requests("silver", "birch", "cancelled")).toBe(1);
  expect(requests("bronze", "dune", "rejected")).toBe(1);
  expect(
    valueOf(after, "tenantry_rejections_total", {
      tier: "bronze",
      tenant: "dune",
      reason: "too-large",
    }),
  ).toBe(1);
  expect(valueOf(after, "tenantry_tokens_total", { tenant: "acme", kind: "input" })).toBe(100);
  expect(valueOf(after, "tenantry_tokens_total", { tenant: "acme", kind: "output" })).toBe(11);
  // 11 tokens at the default of $0.0002 per thousand.
  expect(valueOf(after, "tenantry_cost_usd_total", { tenant: "acme", kind: "output" })).toBeCloseTo(
    11 * 2e-7,
    12,
  );
  // One step over 100 prompt tokens: 6 ms + 100 x 10 us; then 6.01 ms for each of ten more.
  const gold = after.get("tenantry_time_to_first_token_seconds")!.samples;
  const sum = (name: string) =>
    gold.find((one) => one.name.endsWith(name) && one.labels === 'tier="gold"')!.value;
  expect(sum("_sum")).toBeCloseTo(0.007, 9);
  expect(sum("_count")).toBe(1);
  const tpot = after.get("tenantry_time_per_output_token_seconds")!.samples;
  expect(
    tpot.find(({ name, labels }) => name.endsWith("_sum") && labels === 'tier="gold"')!.value,
  ).toBeCloseTo(0.00601, 6);
  expect(valueOf(after, "tenantry_in_flight_requests")).toBe(0);
  expect(valueOf(after, "tenantry_ledger_backlog_batches")).toBe(3);
  expect(
    valueOf(after, "tenantry_target_seconds", { tier: "silver", metric: "ttft", percentile: "99" }),
  ).toBe(0.1);
  // 0.007 s of prompt and 0.0601 s of decoding, and nothing since.
  expect(
    valueOf(after, "tenantry_replica_busy_seconds_total", {
      pool: "acme-own",
      replica: "acme-own/0",
    }),
  ).toBeCloseTo(0.0671, 9);
  const bounds = after
    .get("tenantry_time_to_first_token_seconds")!
    .samples.map(({ labels }) => /le="([^"]*)"/u.exec(labels)?.[1]);
  expect(bounds).toEqual(expect.arrayContaining(["0.05", "0.1", "0.5"]));
  const genAi = after.get("gen_ai_server_request_duration_seconds")!.samples;
  expect(
    genAi.filter(({ name }) => name.endsWith("_count")).map(({ labels, value }) => [labels, value]),
  ).toEqual([
    [
      'gen_ai_operation_name="text_completion",gen_ai_provider_name="tenantry",gen_ai_request_model="llama-3.1-8b",error_type="cancelled"',
      1,
    ],
    [
      'gen_ai_operation_name="text_completion",gen_ai_provider_name="tenantry",gen_ai_request_model="llama-3.1-8b"',
      2,
    ],
  ]);
  await stop(live);
});

test("a hundred tenants have a label of their own, and the totals hold all of them", async () => {
  const names = Array.from(
    { length: 150 },
    (_, place) => `t${String(149 - place).padStart(3, "0")}`,
  );
  const clock = new HandClock();
  const platform = manyTenants(names);
  const metrics = new Metrics(platform);
  const live = watched({ platform, clock, observers: [metrics], outputTokens: () => 2 });
  metrics.attach(live.driver, () => 0);
  const sendAll = async (): Promise<void> => {
    for (const { index } of live.driver.engine.tenants) send(live.driver, index);
    await pass(live.driver, clock, 60_000);
  };
  await sendAll();
  const before = await read(metrics);
  expect(tenantsOf(before)).toEqual([...names.toSorted().slice(0, 100), "other"].toSorted());
  const completed = { tier: "silver", outcome: "completed" };
  expect(valueOf(before, "tenantry_requests_total", { ...completed, tenant: "other" })).toBe(50);
  expect(valueOf(before, "tenantry_requests_total", { ...completed, tenant: "t099" })).toBe(1);
  expect(valueOf(before, "tenantry_tokens_total", { tenant: "other", kind: "output" })).toBe(100);
  // A newcomer whose name is first of all changes nobody's label: its requests are among the others'.
  const more = [...names, "a"];
  const source = { text: "", overrides: [] };
  expect(live.driver.reload(manyTenants(more), source)).toBeUndefined();
  await sendAll();
  const after = await read(metrics);
  expect(tenantsOf(after)).toEqual(tenantsOf(before));
  expect(valueOf(after, "tenantry_requests_total", { ...completed, tenant: "other" })).toBe(101);
  for (const [name, { type, samples }] of before) {
    if (type !== "counter" || !name.startsWith("tenantry_")) continue;
    for (const { labels, value } of samples) {
      const later = after.get(name)!.samples.find((one) => one.labels === labels)?.value;
      expect(later, `${name}{${labels}}`).toBeGreaterThanOrEqual(value);
    }
  }
  await stop(live);
});

test("a newcomer gets a label while there is room", async () => {
  const metrics = new Metrics(manyTenants(["b"]));
  const live = watched({ platform: manyTenants(["b"]), observers: [metrics] });
  metrics.attach(live.driver, () => 0);
  live.driver.reload(manyTenants(["b", "a"]), { text: "", overrides: [] });
  expect(tenantsOf(await read(metrics))).toEqual(["a", "b"]);
  await stop(live);
});

test("is served as text to whoever may, refused to others, and holds no id", async () => {
  const metrics = new Metrics(watchedPlatform());
  const live = watched({ observers: [metrics] });
  metrics.attach(live.driver, () => 0);
  const app = fastify();
  registerMetrics(app, metrics, (request) => request.headers["x-from"] === "here");
  const exchange = send(live.driver, 1);
  await exchange.over;
  metrics.overloaded();
  const answer = await app.inject({ url: "/metrics", headers: { "x-from": "here" } });
  expect(answer.statusCode).toBe(200);
  expect(answer.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
  const families = parseExposition(answer.body);
  expect(valueOf(families, "tenantry_overloads_total")).toBe(1);
  expect(answer.body).not.toContain(exchange.id);
  for (const [name, { type, help }] of families) {
    expect(help.length, name).toBeGreaterThan(10);
    if (type === "counter") expect(name).toMatch(/_total$/u);
  }
  expect((await app.inject("/metrics")).statusCode).toBe(401);
  await app.close();
  await stop(live);
});

test("before there is a driver, states are unknown and not 0", async () => {
  const families = await read(new Metrics(watchedPlatform()));
  expect(families.get("tenantry_queued_requests")!.samples).toEqual([]);
});

function manyTenants(names: readonly string[]): PlatformConfig {
  const tenants = Object.fromEntries(names.map((name) => [name, { tier: "silver" }]));
  const { shared } = SCENARIO.platform.pools;
  return scenarioOf({ ...SCENARIO, platform: { pools: { shared }, tenants } }).platform;
}

function tenantsOf(families: ReadonlyMap<string, Family>): string[] {
  const labels = [...families.values()].flatMap(({ samples }) =>
    samples.map((sample) => /tenant="([^"]*)"/u.exec(sample.labels)?.[1]),
  );
  return [...new Set(labels.filter((label) => label !== undefined))].toSorted();
}
