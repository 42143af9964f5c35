/**
 * The load generator against a real socket: it plays what `simulate` would, never waits for answers, measures from the
 * intended time, retries as the server says, and counts every ending. Runs take a second or so of real time; nothing is
 * asserted about how long anything takes but where the server itself decides it.
 */
import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadResults } from "../../../src/load/load-results.ts";
import { LoadRun } from "../../../src/load/load-run.ts";
import type { Plan } from "../../../src/load/request-bodies.ts";
import type { Scenario } from "../../../src/scenario/scenario.ts";
import {
  type Asked,
  chunk,
  EchoUpstream,
  refuse,
  streamWords,
} from "../../support/echo-upstream.ts";
import { scenarioOf, simulate } from "../../support/scenario.ts";

const FILE = {
  version: 2,
  name: "load",
  description: "Does it arrive?",
  platform: {
    pools: { shared: { model: "llama-3.1-8b", precision: "fp8", gpu: "h100-sxm", replicas: 1 } },
    tenants: {
      bank: { tier: "gold", adapters: { tuned: { rank: 8 } } },
      shop: { tier: "silver", defaultMaxOutputTokens: 64 },
    },
  },
  workload: {
    bank: {
      arrivals: { process: "gamma", rate: "200/s", cv: 2 },
      promptTokens: { uniform: { min: 5, max: 50 } },
      outputTokens: { uniform: { min: 1, max: 9 } },
      maxOutputTokens: 16,
      adapters: { tuned: "50%" },
    },
    shop: {
      arrivals: { process: "poisson", rate: "100/s" },
      promptTokens: { uniform: { min: 5, max: 50 } },
      outputTokens: { uniform: { min: 1, max: 9 } },
    },
  },
  simulation: { duration: "500ms", warmup: "0s", seed: 3, audit: { requests: 0 } },
};

const ONE = [
  "workload.bank.arrivals.rate=1/s",
  "simulation.duration=20s",
  "simulation.maxRequests=1",
];

describe("a load", () => {
  const upstream = new EchoUpstream();
  let url: string;

  beforeEach(async () => {
    url = await upstream.listen();
    upstream.asked.length = 0;
    upstream.reply = streamWords;
  });
  afterEach(() => upstream.close());

  function planOf(changes: Partial<Plan> = {}): Plan {
    return {
      url,
      origin: url,
      basePath: "/v1",
      endpoint: "chat",
      lengths: "hint",
      model: undefined,
      keys: ["sk-bank", "sk-shop"],
      ...changes,
    };
  }

  function runOf(scenario: Scenario, changes: Partial<Plan> = {}): LoadRun {
    return new LoadRun(scenario, planOf(changes), {
      openTrace: () => {
        throw new Error("this scenario reads no trace");
      },
    });
  }

  async function play(scenario: Scenario, changes: Partial<Plan> = {}) {
    const outcome = await runOf(scenario, changes).play();
    const { name, description, simulation } = scenario;
    const identity = { tenantryVersion: "0", name, description, hash: "", seed: simulation.seed };
    const results = loadResults(identity, planOf(changes), outcome);
    const [bank, shop] = results.tenants;
    return { results, bank: bank!, shop: shop!, load: results.load! };
  }

  test("sends the very requests that simulate simulates", async () => {
    const scenario = scenarioOf(FILE);
    const { results } = await play(scenario);
    const { records, results: simulated } = simulate(scenario);
    const expected = records.map(({ sent: { client, arrival } }) => ({
      model: arrival.adapter === undefined ? "llama-3.1-8b" : "tuned",
      key: client === 0 ? "Bearer sk-bank" : "Bearer sk-shop",
      promptTokens: arrival.promptTokens,
      outputTokens: arrival.outputTokens,
      maxTokens: arrival.maxOutputTokens,
    }));
    const sent = upstream.asked.map(({ body, authorization, prompt, path }) => {
      expect(path).toBe("/v1/chat/completions");
      expect(body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
      return {
        model: body["model"],
        key: authorization,
        promptTokens: prompt.length / 4,
        outputTokens: body["paced_output_tokens"],
        maxTokens: body["max_tokens"],
      };
    });
    expect(sent.length).toBeGreaterThan(50);
    expect(sorted(sent)).toEqual(sorted(expected));
    for (const [index, tenant] of results.tenants.entries()) {
      const { counts, cost } = simulated.tenants[index]!;
      const { arrived, completed, rejected, promptTokens, outputTokens } = tenant.counts;
      expect(counts).toMatchObject({ arrived, completed, rejected, promptTokens, outputTokens });
      expect(tenant.cost.inputTokensUsd).toBeCloseTo(cost.inputTokensUsd, 12);
      expect(tenant.cost.outputTokensUsd).toBeCloseTo(cost.outputTokensUsd, 12);
      expect(tenant.cost.gpuUsd).toBeNull();
    }
    expect(results.timeline.tenants[0]!.name).toBe("bank");
  });

  test("never waits for an answer before it sends the next request", async () => {
    const scenario = scenarioOf(FILE, ["simulation.maxRequests=60", "simulation.duration=20s"]);
    const held: (readonly [Asked, ServerResponse])[] = [];
    // Nothing is answered until all have arrived: a closed loop would never end.
    upstream.reply = (asked, response) => {
      held.push([asked, response]);
      if (held.length === 60) for (const [one, to] of held) streamWords(one, to);
    };
    const { load, results } = await play(scenario);
    expect(results.platform.counts).toMatchObject({ arrived: 60, completed: 60 });
    expect(load.mostInFlight).toBe(60);
    // The first waited for the last, and its latency says so: the 60 arrivals take some 0.2 s.
    const lastMs =
      Math.max(...simulate(scenario).records.map(({ sent }) => sent.arrival.timeNs)) / 1e6;
    const firstMs =
      Math.min(...simulate(scenario).records.map(({ sent }) => sent.arrival.timeNs)) / 1e6;
    const longest = Math.max(...results.tenants.map(({ latency }) => latency.ttftMs.max ?? 0));
    expect(longest).toBeGreaterThanOrEqual(lastMs - firstMs);
  });

  test("asks other servers by max_tokens, and other endpoints in their form", async () => {
    const scenario = scenarioOf(FILE, ONE);
    await play(scenario, {
      endpoint: "completions",
      lengths: "max-tokens",
      model: "meta/llama",
      keys: [undefined, undefined],
    });
    const [asked] = upstream.asked;
    expect(asked!.path).toBe("/v1/completions");
    expect(asked!.authorization).toBeUndefined();
    expect(asked!.body).not.toHaveProperty("paced_output_tokens");
    expect(asked!.body).toMatchObject({
      ignore_eos: true,
      model: expect.stringMatching(/^(meta\/llama|tuned)$/),
    });
    const [record] = simulate(scenario).records;
    expect(asked!.body["max_tokens"]).toBe(record!.sent.arrival.outputTokens);
    expect(asked!.prompt).toHaveLength(4 * record!.sent.arrival.promptTokens);
  });

  test("tries again when the server says, and not when it says not to", async () => {
    const retry = "workload.shop.retry={ attempts: 3, backoff: 1ms }";
    const scenario = scenarioOf(FILE, [
      retry,
      "workload.bank.retry={ attempts: 3, backoff: 1ms }",
      "simulation.duration=100ms",
    ]);
    const seen = new Set<string>();
    upstream.reply = (asked, response) => {
      if (asked.authorization === "Bearer sk-bank") {
        const error = { code: "insufficient_quota", message: "tokens per day" };
        refuse(response, 429, error, { "x-should-retry": "false" });
      } else if (seen.has(key(asked))) {
        streamWords(asked, response);
      } else {
        seen.add(key(asked));
        const error = { code: "rate_limit_exceeded", type: "requests" };
        refuse(response, 429, error, { "retry-after-ms": "150" });
      }
    };
    const { bank, shop, load } = await play(scenario);
    expect(bank.counts.arrived).toBeGreaterThan(0);
    expect(bank.counts).toMatchObject({ rejected: bank.counts.arrived, completed: 0 });
    expect(bank.counts.rejectedByReason).toEqual([
      { reason: "tokens-per-day", count: bank.counts.arrived },
    ]);
    expect(shop.counts.rejected).toBe(seen.size);
    expect(shop.counts.completed).toBe(shop.counts.arrived - seen.size);
    expect(new Set(load.errors.map(({ reason }) => reason))).toEqual(
      new Set(["rate-limit", "tokens-per-day"]),
    );
  });

  test("counts every kind of ending, and the tokens that came before it", async () => {
    const scenario = scenarioOf(FILE, [
      "workload.bank.timeout=60s",
      "simulation.maxRequests=4",
      "simulation.duration=60s",
    ]);
    upstream.reply = (asked, response, number) => {
      if (number === 0) return void response.socket?.destroy();
      if (number === 1) return refuse(response, 500, { message: "no" });
      if (number === 3) return streamWords(asked, response);
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(chunk({ content: "one" }));
      response.write(chunk({ content: "two" }));
      return void response.end('data: {"error":{"message":"gone","code":"replica_lost"}}\n\n');
    };
    const { results, load } = await play(scenario);
    const { counts } = results.platform;
    expect(counts).toMatchObject({
      arrived: 4,
      completed: 1,
      failed: 3,
      rejected: 0,
      cancelled: 0,
    });
    expect(load.errors.map(({ status, code, count }) => [status, code, count])).toEqual(
      expect.arrayContaining([
        [500, "none", 1],
        [null, "replica_lost", 1],
      ]),
    );
    expect(load.errors).toHaveLength(3);
    expect(load.uncountedAnswers).toBe(1);
    const wanted = upstream.asked[3]!.body["paced_output_tokens"];
    expect(counts.outputTokens).toBe(2 + Number(wanted));
  });

  test("gives up after the client's timeout, wherever the request is", async () => {
    const scenario = scenarioOf(FILE, [
      "workload.bank.timeout=50ms",
      "workload.shop.timeout=50ms",
      "simulation.maxRequests=3",
      "simulation.duration=60s",
    ]);
    let closed = 0;
    const over = Promise.withResolvers<void>();
    upstream.reply = (_, response, number) => {
      response.on("close", () => {
        closed += 1;
        if (closed === 3) over.resolve();
      });
      if (number === 0) return;
      response.writeHead(200, { "content-type": "text/event-stream" });
      if (number === 1) response.flushHeaders();
      else response.write(chunk({ content: "one" }));
    };
    const { results } = await play(scenario);
    expect(results.platform.counts).toMatchObject({ arrived: 3, cancelled: 3, outputTokens: 1 });
    await over.promise;
  });

  test("stopped once, waits for what is in flight; twice, gives it up", async () => {
    const scenario = scenarioOf(FILE, ["simulation.duration=60s"]);
    const arrived = Promise.withResolvers<void>();
    const held: (readonly [Asked, ServerResponse])[] = [];
    upstream.reply = (asked, response) => {
      held.push([asked, response]);
      if (held.length === 5) arrived.resolve();
    };
    const run = runOf(scenario);
    const played = run.play();
    await arrived.promise;
    run.stop();
    streamWords(...held[0]!);
    run.stop();
    const { recorder, isComplete } = await played;
    const [bank, shop] = recorder.collector.tenants;
    expect(isComplete).toBe(false);
    const ended = (stats: typeof bank) => stats!.completed + stats!.cancelled;
    expect(ended(bank) + ended(shop)).toBe(bank!.arrived + shop!.arrived);
    expect(bank!.cancelled + shop!.cancelled).toBeGreaterThanOrEqual(4);
  });

  test("a server that is not there makes failures, not a crash", async () => {
    await upstream.close();
    const scenario = scenarioOf(FILE, ["simulation.maxRequests=5"]);
    const { results, load } = await play(scenario);
    expect(results.platform.counts).toMatchObject({ arrived: 5, failed: 5, completed: 0 });
    expect(load.errors).toMatchObject([{ status: null, code: "ECONNREFUSED", count: 5 }]);
    await upstream.listen();
  });

  test("leaves the warm-up out of latencies, and not out of bills", async () => {
    const scenario = scenarioOf(FILE, ["simulation.warmup=250ms"]);
    const { results } = await play(scenario);
    const { counts, latency } = results.platform;
    expect(latency.ttftMs.count).toBeGreaterThan(0);
    expect(latency.ttftMs.count).toBeLessThan(counts.completed);
    expect(counts.completed).toBe(counts.arrived);
  });
});

/** Tells requests apart that differ in their lengths. */
function key({ body, prompt }: Asked): string {
  return `${prompt.length}/${String(body["paced_output_tokens"])}`;
}

function sorted(list: readonly object[]): readonly string[] {
  return list.map((one) => JSON.stringify(one)).toSorted();
}
