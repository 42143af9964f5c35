/**
 * Ten thousand clients that go at random moments: before their request is whole, while it waits, while it streams, after its end.
 * Nothing they held stays held, and the ledger charges what was computed for them and nothing else.
 */
import { Agent, request } from "node:http";
import seedrandom from "seedrandom";
import { expect, test } from "vitest";
import { checkInvariants } from "../../../src/engine/invariants.ts";
import { MODEL, type TestServer, startServer, until } from "./support.ts";

const CLIENTS = 10_000;
const AT_ONCE = 50;

const SCENARIO = {
  version: 2,
  name: "disconnects",
  platform: {
    pools: {
      shared: {
        model: "llama-3.1-8b",
        gpu: "h100-sxm",
        replicas: 1,
        // Few places, so that some requests go while they wait.
        maxNumSeqs: 24,
        adapterMemory: "8MiB",
        stepTime: { fixed: "200us", perToken: "0us" },
      },
    },
    tenants: {
      acme: { tier: "gold", adapters: { "acme-tuned": { size: "1MiB" } } },
      birch: { tier: "silver" },
      elm: { tier: "bronze", quotas: { maxConcurrentRequests: 8 } },
    },
  },
  workload: {},
};

type Moment = "headers" | "body" | "sent" | "first byte" | "later" | "never";
const MOMENTS: readonly Moment[] = ["headers", "body", "sent", "first byte", "later", "never"];

/** Words that clients who stayed to the end were sent, by the request's id. */
const wordsSent = new Map<string, number>();

/** One client; resolves when its connection is of no more use to it. */
function client(server: TestServer, random: () => number, agent: Agent): Promise<void> {
  const moment = MOMENTS[Math.floor(random() * MOMENTS.length)]!;
  const key = ["sk-acme", "sk-birch", "sk-elm"][Math.floor(random() * 3)]!;
  const body = JSON.stringify({
    model: key === "sk-acme" && random() < 0.5 ? "acme-tuned" : MODEL,
    prompt: "Go on and on",
    stream: random() < 0.7,
    n: random() < 0.2 ? 3 : 1,
    max_tokens: 1 + Math.floor(random() * 60),
    paced_output_tokens: 60,
  });
  const turns = Math.floor(random() * 6);
  return new Promise((resolve) => {
    const call = request({
      port: server.port,
      host: "127.0.0.1",
      path: "/v1/completions",
      method: "POST",
      agent,
      headers: {
        authorization: `Bearer ${key}`,
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
      },
    });
    const leave = () => {
      let left = turns;
      const next = () => (left-- > 0 ? setImmediate(next) : call.destroy());
      next();
    };
    call.on("error", () => {});
    call.on("close", () => resolve());
    call.on("response", (response) => {
      if (moment === "first byte") leave();
      let text = "";
      response.on("data", (data: Buffer) => {
        text += data.toString();
        if (moment === "later" && random() < 0.3) leave();
      });
      response.on("end", () => {
        const id = response.headers["x-request-id"];
        const isWhole = moment === "never" && response.statusCode === 200;
        if (isWhole) wordsSent.set(String(id), countWords(text));
      });
      response.on("error", () => {});
    });
    if (moment === "headers") {
      call.flushHeaders();
      leave();
    } else if (moment === "body") {
      call.write(body.slice(0, 20));
      leave();
    } else call.end(body, () => moment === "sent" && leave());
  });
}

/** Words in the texts of an answer, be it whole or a stream. */
function countWords(answer: string): number {
  const pieces = [...answer.matchAll(/"text":"([^"]*)"/g)];
  return pieces.reduce((sum, [, text]) => sum + (text!.match(/\w+/g)?.length ?? 0), 0);
}

test("10,000 disconnects leak nothing, and bills are of the tokens computed", async () => {
  const seed = process.env["SEED"] ?? "disconnects";
  console.log(`seed ${seed}, ${CLIENTS} clients`);
  const random = seedrandom(seed);
  const server = await startServer({ scenario: SCENARIO });
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  let begun = 0;
  const keepComing = async (): Promise<void> => {
    while (begun < CLIENTS) {
      begun += 1;
      await client(server, random, agent);
      if (begun % 500 === 0) server.driver.inspect((engine) => checkInvariants(engine));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, keepComing));
  agent.destroy();
  await until(() => server.driver.engine.requestsInFlight === 0 && server.traffic.size === 0);
  server.driver.inspect((engine) => {
    checkInvariants(engine);
    for (const { quota } of engine.tenants) {
      expect(quota.leases).toBe(0);
      expect(quota.tokensPerDay.reserved).toBe(0);
    }
  });
  await server.driver.stop();

  const usage = server.ledger.batches.flatMap((batch) => batch.usage);
  const charges = server.ledger.batches.flatMap((batch) => batch.charges);
  const charged = new Map<string, { input: number; output: number }>();
  for (const { request: id, kind, quantity } of charges) {
    if (id === undefined || (kind !== "input" && kind !== "output")) continue;
    const sums = charged.get(id) ?? { input: 0, output: 0 };
    sums[kind] += quantity;
    charged.set(id, sums);
  }
  const counts = { completed: 0, cancelled: 0, failed: 0 };
  for (const { request: id, outcome, promptTokens, outputTokens } of usage) {
    counts[outcome] += 1;
    const input = outputTokens > 0 ? promptTokens : 0;
    expect(charged.get(id) ?? { input: 0, output: 0 }).toEqual({ input, output: outputTokens });
  }
  for (const [id, count] of wordsSent) {
    const used = usage.filter((one) => one.request === id || one.request.startsWith(`${id}-n`));
    expect(used.reduce((sum, { outputTokens }) => sum + outputTokens, 0)).toBe(count);
  }
  expect(wordsSent.size).toBeGreaterThan(1000);
  expect(new Set(usage.map(({ request: id }) => id)).size).toBe(usage.length);
  console.log(counts);
  expect(counts.failed).toBe(0);
  expect(counts.completed).toBeGreaterThan(1000);
  expect(counts.cancelled).toBeGreaterThan(1000);
  await server.close();
});
