/** Fifty clients race for what is left of a day's tokens: a hard budget is never exceeded, and a restart does not refill it. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { end, serve } from "./serve-process.ts";

const CLIENTS = 50;
const BUDGET = 5000;

interface Answer {
  readonly status: number;
  readonly tokens: number;
  readonly code: string | undefined;
  readonly shouldRetry: string | null;
}

async function ask(url: string, key: string): Promise<Answer> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({
      model: "llama-3.1-8b",
      messages: [{ role: "user", content: "x".repeat(40) }],
      max_tokens: 30,
      paced_output_tokens: 17,
    }),
  });
  const body: { usage?: { total_tokens: number }; error?: { code: string } } = JSON.parse(
    await response.text(),
  );
  return {
    status: response.status,
    tokens: body.usage?.total_tokens ?? 0,
    code: body.error?.code,
    shouldRetry: response.headers.get("x-should-retry"),
  };
}

test(`${CLIENTS} clients overshoot a hard budget by nothing`, { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "tenantry-budget-"));
  const file = join(folder, "scenario.json");
  const pool = {
    model: "llama-3.1-8b",
    gpu: "h100-sxm",
    replicas: 1,
    stepTime: { fixed: "300us" },
  };
  const scenario = {
    version: 2,
    name: "budget",
    platform: {
      pools: { shared: pool },
      tenants: { acme: { tier: "gold", quotas: { maxTokensPerDay: BUDGET } } },
    },
    workload: {},
    serve: { storage: join(folder, "ledger.db") },
  };
  writeFileSync(file, JSON.stringify(scenario));
  const server = await serve(file);
  const key = server.keys.get("acme")!;
  let spent = 0;
  let refusals = 0;
  const client = async (): Promise<void> => {
    for (;;) {
      const answer = await ask(server.url, key);
      spent += answer.tokens;
      if (answer.status === 200) continue;
      refusals += 1;
      expect(answer).toMatchObject({
        status: 429,
        code: "insufficient_quota",
        shouldRetry: "false",
      });
      return;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  expect(refusals).toBe(CLIENTS);
  expect(spent).toBeLessThanOrEqual(BUDGET);
  // What is left is less than a request could need: 10 prompt tokens and up to 30 of output.
  expect(spent).toBeGreaterThan(BUDGET - CLIENTS * 40);
  expect(await end(server, "SIGTERM")).toBe(0);
  const again = await serve(file);
  for (let tries = 0; tries < 60; tries++) {
    const answer = await ask(again.url, key);
    spent += answer.tokens;
    if (answer.status !== 200) break;
  }
  expect(spent).toBeLessThanOrEqual(BUDGET);
  expect(spent).toBeGreaterThan(BUDGET - 40);
  expect(await end(again, "SIGTERM")).toBe(0);
});
