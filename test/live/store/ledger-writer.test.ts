/**
 * The writer in its thread: order, group commit, failures of the database that end after a while, and servers that drop
 * connections in the middle of a commit.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import pg from "pg";
import { afterAll, describe, expect, test } from "vitest";
import { LedgerWriter } from "../../../src/live/store/ledger-writer.ts";
import { openStore } from "../../../src/live/store/open-store.ts";
import type { Store } from "../../../src/live/store/store.ts";
import { ALWAYS, charge, gathered, usage } from "./entries.ts";
import { withPostgres } from "./postgres-server.ts";

const folder = mkdtempSync(join(tmpdir(), "tenantry-writer-"));
let files = 0;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Opened {
  readonly storage: string;
  readonly store: Store;
  readonly writer: LedgerWriter;
  readonly problems: (string | undefined)[];
  /** Appends a request; its number is put into `done` when it is durable. */
  append(number: number): void;
  readonly done: number[];
}

async function opened(storage = join(folder, `${files++}.db`)): Promise<Opened> {
  const store = await openStore({ storage, durability: "process" });
  const problems: (string | undefined)[] = [];
  const writer = new LedgerWriter({
    storage,
    durability: "process",
    onProblem: (problem) => problems.push(problem),
  });
  const done: number[] = [];
  const append = (number: number) => {
    const request = `r-${number}`;
    const charges = [charge({ request, kind: "input" }), charge({ request, quantity: number })];
    writer.append({ charges, usage: [usage({ request })] }, () => done.push(number));
  };
  return { storage, store, writer, problems, append, done };
}

async function closed({ writer, store }: Opened): Promise<void> {
  await writer.close();
  await store.close();
}

/** Request numbers as they are in the ledger, in the order of their keys. */
async function numbersIn(store: Store): Promise<number[]> {
  const charges = await gathered(store.ledger.charges(ALWAYS));
  return charges
    .filter(({ kind }) => kind === "output")
    .toSorted((a, b) => a.run - b.run || a.sequence - b.sequence)
    .map(({ quantity }) => quantity);
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe("the ledger's writer", () => {
  test("says done in order, each only when its batch is in the database", async () => {
    const one = await opened();
    const reader = new DatabaseSync(one.storage);
    const count = reader.prepare("SELECT count(*) AS requests FROM request");
    const early: number[] = [];
    for (const number of upTo(500)) {
      one.writer.append(
        { charges: [charge({ quantity: number })], usage: [usage({ request: `r-${number}` })] },
        () => {
          if (Number(count.get()!["requests"]) < number) early.push(number);
          one.done.push(number);
        },
      );
      if (number % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await one.writer.idle();
    expect(one.done).toEqual(upTo(500));
    expect(early).toEqual([]);
    expect(await numbersIn(one.store)).toEqual(upTo(500));
    reader.close();
    await closed(one);
  });

  test("commits in groups: what arrives during a commit is written by the next", async () => {
    const one = await opened();
    for (const number of upTo(2000)) one.append(number);
    await one.writer.idle();
    const reader = new DatabaseSync(one.storage);
    const [run] = reader.prepare("SELECT batches FROM run").all();
    // The first goes alone, the rest was there when it was done.
    expect(run).toMatchObject({ batches: 2 });
    reader.close();
    await closed(one);
  });

  test("keeps everything while the database fails, says so, is behind, and recovers", async () => {
    const one = await opened();
    one.append(1);
    await one.writer.idle();
    const other = new DatabaseSync(one.storage);
    other.exec("ALTER TABLE charge RENAME TO hidden");
    for (const number of upTo(20).slice(1)) one.append(number);
    await expect.poll(() => one.writer.problem).toContain("no such table: charge");
    expect(one.writer.isBehind).toBe(false);
    const many = Array.from({ length: 1000 }, () => charge({ kind: "input" }));
    let bulk = 0;
    for (let batch = 0; batch < 100; batch++) {
      one.writer.append({ charges: many, usage: [] }, () => (bulk += 1));
    }
    expect(one.writer.isBehind).toBe(true);
    expect(one.done).toEqual([1]);
    other.exec("ALTER TABLE hidden RENAME TO charge");
    await one.writer.idle();
    expect(one.writer.isBehind).toBe(false);
    expect(one.writer.backlogEntries).toBe(0);
    expect(one.writer.problem).toBeUndefined();
    expect(one.problems).toEqual([expect.stringContaining("no such table"), undefined]);
    expect(one.done).toEqual(upTo(20));
    expect(bulk).toBe(100);
    expect(await numbersIn(one.store)).toEqual(upTo(20));
    const inputs = (await one.store.ledger.bills(ALWAYS)).find(({ kind }) => kind === "input");
    expect(inputs!.entries).toBe(20 + 100_000);
    other.close();
    await closed(one);
  });

  test("gives up what is not durable when it is closed, and says done for none of it", async () => {
    const one = await opened();
    const other = new DatabaseSync(one.storage);
    other.exec("ALTER TABLE charge RENAME TO hidden");
    one.append(1);
    await expect.poll(() => one.writer.problem).toBeDefined();
    await closed(one);
    expect(one.done).toEqual([]);
    other.close();
  });

  test("refuses a charge that is no whole number: that is a bug, and no database can mend it", async () => {
    const one = await opened();
    for (const bad of [{ amountNanoUsd: 0.5 }, { quantity: Number.NaN }]) {
      const batch = { charges: [charge(bad)], usage: [] };
      expect(() => one.writer.append(batch, () => {})).toThrow("whole number");
    }
    await closed(one);
  });
});

withPostgres((server) => {
  test("connections cut in the middle of commits lose nothing and double nothing", async () => {
    const one = await opened(await server.create());
    const cutter = new pg.Client({ connectionString: one.storage });
    await cutter.connect();
    const failures = () => one.problems.filter((problem) => problem !== undefined).length;
    let number = 0;
    let cuts = 0;
    for (let round = 0; round < 15; round++) {
      const before = failures();
      while (failures() === before) {
        for (let turn = 0; turn < 5; turn++) {
          number += 1;
          one.append(number);
          await new Promise((resolve) => setImmediate(resolve));
        }
        const { rowCount } = await cutter.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'`,
        );
        cuts += rowCount!;
      }
      await one.writer.idle();
    }
    await cutter.end();
    await one.writer.idle();
    expect(one.done).toEqual(upTo(number));
    expect(await numbersIn(one.store)).toEqual(upTo(number));
    expect((await one.store.ledger.bills(ALWAYS)).map(({ entries }) => entries)).toEqual([
      number,
      number,
    ]);
    process.stdout.write(
      `${number} requests, ${cuts} connections cut at work, ${failures()} failures reported\n`,
    );
    await closed(one);
    await server.removeAll();
  });
});
