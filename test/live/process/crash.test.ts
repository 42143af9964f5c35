/**
 * `kill -9` in a loop, under load: afterwards the ledger holds every charge of every response that was completed, none
 * twice, and the day's quota has gone on counting across all starts.
 */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import seedrandom from "seedrandom";
import { expect, test } from "vitest";
import { openStore } from "../../../src/live/store/open-store.ts";
import { serve, end } from "./serve-process.ts";

const KILLS = 50;
const CLIENTS = 8;
const SEED = "kill -9";
const DAY_TOKENS = 10_000_000;

function scenarioIn(folder: string): string {
  const file = join(folder, "scenario.json");
  const scenario = {
    version: 2,
    name: "crash",
    platform: {
      pools: {
        shared: {
          model: "llama-3.1-8b",
          gpu: "h100-sxm",
          replicas: 2,
          maxNumSeqs: 16,
          stepTime: { fixed: "200us" },
        },
      },
      tenants: {
        acme: { tier: "gold", quotas: { maxTokensPerDay: DAY_TOKENS } },
        birch: { tier: "silver" },
      },
    },
    workload: {},
    serve: { storage: join(folder, "ledger.db") },
  };
  writeFileSync(file, JSON.stringify(scenario));
  return file;
}

interface Answered {
  readonly id: string;
  readonly tenant: string;
  readonly promptTokens: number;
  readonly outputTokens: number;
}

/** Asks again and again until the server is gone; keeps what was answered in full. */
async function client(
  given: { url: string; key: string; tenant: string; random: () => number },
  answered: Answered[],
): Promise<void> {
  for (;;) {
    try {
      const response = await fetch(`${given.url}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${given.key}`, "content-type": "application/json" },
        body: JSON.stringify({
          model: "llama-3.1-8b",
          messages: [{ role: "user", content: "x".repeat(1 + Math.floor(given.random() * 400)) }],
          max_tokens: 40,
          paced_output_tokens: 1 + Math.floor(given.random() * 40),
        }),
      });
      const { usage } = JSON.parse(await response.text());
      answered.push({
        id: response.headers.get("x-request-id")!,
        tenant: given.tenant,
        promptTokens: usage.prompt_tokens,
        outputTokens: usage.completion_tokens,
      });
    } catch {
      return;
    }
  }
}

test(`${KILLS} kills under load lose no charge and double none (seed '${SEED}')`, {
  timeout: 280_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "tenantry-crash-"));
  const file = scenarioIn(folder);
  const random = seedrandom(SEED);
  const answered: Answered[] = [];
  let keys: ReadonlyMap<string, string> = new Map();
  for (let kill = 0; kill < KILLS; kill++) {
    const server = await serve(file);
    if (kill === 0) keys = server.keys;
    const before = answered.length;
    const clients = Array.from({ length: CLIENTS }, (_, index) => {
      const tenant = index % 2 === 0 ? "acme" : "birch";
      return client({ url: server.url, key: keys.get(tenant)!, tenant, random }, answered);
    });
    // Some answers later, at a moment of no one's choosing.
    const target = before + 1 + Math.floor(random() * 60);
    while (answered.length < target) await new Promise((resolve) => setImmediate(resolve));
    expect(await end(server, "SIGKILL")).toBe(null);
    await Promise.all(clients);
  }
  const store = await openStore({ storage: join(folder, "ledger.db"), durability: "process" });
  const all = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
  const charged = new Map<string, { input: number; output: number; entries: number }>();
  for await (const page of store.ledger.charges(all)) {
    for (const { request, kind, quantity } of page) {
      if (request === undefined || (kind !== "input" && kind !== "output")) continue;
      const sum = charged.get(request) ?? { input: 0, output: 0, entries: 0 };
      sum[kind] += quantity;
      sum.entries += 1;
      charged.set(request, sum);
    }
  }
  let ledgerTokens = 0;
  for (const { input, output } of charged.values()) ledgerTokens += input + output;
  for (const { id, promptTokens, outputTokens } of answered) {
    expect(charged.get(id), id).toEqual({ input: promptTokens, output: outputTokens, entries: 2 });
  }
  const midnight = Math.floor(Date.now() / 86_400_000) * 86_400_000;
  const used = await store.ledger.used({ dayMs: midnight, monthMs: 0 });
  const counted = [...used.values()].reduce((sum, { tokensToday }) => sum + tokensToday, 0);
  console.log(
    `${KILLS} kills: ${answered.length} responses completed, ${charged.size} requests charged, ${ledgerTokens} tokens, ${counted} counted against quotas`,
  );
  expect(answered.length).toBeGreaterThan(KILLS * 5);
  expect(counted).toBe(ledgerTokens);
  await store.close();
  // The next start goes on counting where the last one ended.
  const server = await serve(file);
  const response = await fetch(`${server.url}/v1/models`, {
    headers: { authorization: `Bearer ${keys.get("acme")!}` },
  });
  expect(response.status).toBe(200);
  expect(await end(server, "SIGTERM")).toBe(0);
});
