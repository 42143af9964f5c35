/**
 * kill -9 in a loop while the ledger is written: whatever was said to be durable is there, once, and the sums that bills and
 * quotas are made of agree with the entries.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import seedrandom from "seedrandom";
import { expect, test } from "vitest";
import { openStore } from "../../../src/live/store/open-store.ts";
import { ALWAYS, gathered } from "./entries.ts";

const KILLS = 25;
const CHILD = join(import.meta.dirname, "crash-child.ts");

/** Starts the child, kills it once it has said so many bytes, and returns the ids that it had said. */
async function runAndKill(output: string, args: readonly string[], bytes: number) {
  const file = openSync(output, "w");
  const child = spawn(process.execPath, [CHILD, ...args], { stdio: ["ignore", file, "inherit"] });
  const isOver = once(child, "exit");
  while (fstatSync(file).size < bytes && child.exitCode === null) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  child.kill("SIGKILL");
  const [, signal] = await isOver;
  expect(signal).toBe("SIGKILL");
  closeSync(file);
  return readFileSync(output, "utf8").trimEnd().split("\n");
}

test(`after ${KILLS} kills the ledger holds every request that was confirmed, none twice`, async () => {
  const seed = process.env["SEED"] ?? "kill";
  const random = seedrandom(seed);
  const folder = mkdtempSync(join(tmpdir(), "tenantry-crash-"));
  const storage = join(folder, "ledger.db");
  const confirmed: string[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const bytes = 1 + Math.floor(random() * 20_000);
    const ids = await runAndKill(join(folder, "ids"), [storage, `r-${kill}`], bytes);
    confirmed.push(...ids);
  }

  const store = await openStore({ storage, durability: "process" });
  const usage = await gathered(store.ledger.usage(ALWAYS));
  const charges = await gathered(store.ledger.charges(ALWAYS));
  const times = new Map<string, number>();
  for (const { request } of usage) times.set(request, (times.get(request) ?? 0) + 1);
  const lost = confirmed.filter((id) => !times.has(id));
  const doubled = [...times].filter(([, count]) => count > 1);
  process.stdout.write(
    `seed ${seed}: ${KILLS} kills, ${confirmed.length} requests confirmed, ${usage.length} stored, ` +
      `${lost.length} lost, ${doubled.length} doubled, ${charges.length} charges\n`,
  );
  expect(lost).toEqual([]);
  expect(doubled).toEqual([]);
  // Whole batches: two charges to each request, and none without its request.
  const perRequest = new Map<string, number>();
  for (const { request } of charges) perRequest.set(request!, (perRequest.get(request!) ?? 0) + 1);
  expect(perRequest.size).toBe(usage.length);
  expect(new Set(perRequest.values())).toEqual(new Set([2]));
  // 11 and 140 nano-dollars each, 7 tokens that count.
  const bills = await store.ledger.bills(ALWAYS);
  expect(bills.map(({ amountNanoUsd }) => amountNanoUsd)).toEqual([
    11n * BigInt(usage.length),
    140n * BigInt(usage.length),
  ]);
  const used = await store.ledger.used({ dayMs: 0, monthMs: 0 });
  expect(used.get("a")).toEqual({
    tokensToday: 7 * usage.length,
    nanoUsdThisMonth: 140 * usage.length,
  });
  await store.close();
  const file = new DatabaseSync(storage);
  expect(file.prepare("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
  file.close();
  rmSync(folder, { recursive: true });
});
