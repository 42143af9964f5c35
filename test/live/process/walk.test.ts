/**
 * The README's walk with real processes: serve, load with the keys that serve wrote, simulate, compare, replay, bill. What is
 * served and what is simulated must agree in everything that does not hang on the machine's speed.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { commandIn } from "../../support/command.ts";
import { end, type ServeProcess, serve } from "./serve-process.ts";

/** Bursts above the rate limit, so that there are refusals to agree in. */
const SCENARIO = `
version: 2
name: walk
platform:
  pools: { shared: { model: llama-3.1-8b, precision: fp8, gpu: h100-sxm, replicas: 2 } }
  tenants:
    bank: { tier: gold, defaultMaxOutputTokens: 200 }
    shop: { tier: bronze, defaultMaxOutputTokens: 200, quotas: { maxQps: 8/s, burst: 2 } }
workload:
  bank: { arrivals: { process: poisson, rate: 15/s }, promptTokens: 60, outputTokens: 40 }
  shop: { arrivals: { process: poisson, rate: 12/s }, promptTokens: 60, outputTokens: 40 }
simulation: { duration: 6s, seed: 7 }
`;

const folder = mkdtempSync(join(tmpdir(), "tenantry-walk-"));
let server: ServeProcess | undefined;
afterEach(async () => {
  if (server !== undefined) await end(server, "SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

function tenantry(...args: readonly string[]): string {
  const { status, stdout, stderr } = commandIn(folder)(...args);
  expect(stderr).not.toMatch(/\n {4}at /u);
  expect({ args, status, stderr }).toMatchObject({ status: 0 });
  return stdout;
}

test("serve, load, simulate, compare, replay and bill agree", { timeout: 120_000 }, async () => {
  const file = join(folder, "walk.yaml");
  writeFileSync(file, SCENARIO);
  const storage = ["--storage", join(folder, "walk.db")];
  const written = ["--keys", join(folder, "keys.json"), "--journal", join(folder, "walk.jsonl")];
  server = await serve(file, ["--backend", "paced", ...storage, ...written]);
  tenantry("load", file, "--url", server.url, "--keys", "keys.json", "--out", "live", "--quiet");
  expect(await end(server, "SIGTERM")).toBe(0);
  server = undefined;
  tenantry("simulate", file, "--out", "simulated", "--quiet");
  const compared = JSON.parse(tenantry("compare", "simulated", "live", "--json"));
  const rows: { id: string; differences: { absolute: number }[] }[] = compared.tiers.flatMap(
    (tier: { rows: object[] }) => tier.rows,
  );
  const arrived = rows.filter(({ id }) => id === "arrived");
  expect(arrived.length).toBeGreaterThanOrEqual(2);
  for (const { differences } of arrived) expect(differences[0]!.absolute).toBe(0);
  expect(tenantry("replay", "walk.jsonl")).toMatch(/all \d+ decisions are the same/u);
  const bill = tenantry("bill", "--storage", "walk.db", "--json");
  expect(bill).toContain('"bank"');
  expect(bill).toContain('"shop"');
});
