/** The contract over SQLite, and what only a file can get wrong. */
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, test } from "vitest";
import { openStore } from "../../../src/live/store/open-store.ts";
import { SqliteDatabase } from "../../../src/live/store/sqlite.ts";
import { storeContract } from "./contract.ts";

const folder = mkdtempSync(join(tmpdir(), "tenantry-store-"));
let files = 0;

function open(storage: string, mustExist = false) {
  return openStore({ storage, durability: "process", mustExist });
}

storeContract("SQLite", {
  create: async () => join(folder, `${files++}.db`),
  async markSchema(storage, step) {
    const database = new DatabaseSync(storage);
    database.exec(`INSERT INTO schema_step (step, taken_ms) VALUES (${step}, 0)`);
    database.close();
  },
  removeAll: async () => {},
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a SQLite file", () => {
  test.each([
    ["process", 1n],
    ["power", 2n],
  ] as const)(
    "with durability %s has a write-ahead log, synced at level %s",
    async (durability, level) => {
      const database = new SqliteDatabase({ path: join(folder, `${durability}.db`), durability });
      expect(await database.rows("PRAGMA journal_mode")).toEqual([{ journal_mode: "wal" }]);
      expect(await database.rows("PRAGMA synchronous")).toEqual([{ synchronous: level }]);
      await database.close();
    },
  );

  test("that cannot be used is named, with the reason and what was expected", async () => {
    const text = join(folder, "notes.txt");
    writeFileSync(text, "No database, but something that somebody wants to keep.\n".repeat(50));
    await expect(open(text)).rejects.toThrow(/notes\.txt.*not a database.*expected a SQLite file/);
    expect(readFileSync(text, "utf8")).toContain("somebody wants to keep");
    mkdirSync(join(folder, "sub"));
    await expect(open(join(folder, "sub"))).rejects.toThrow(/cannot open the database/);
    await expect(open(join(folder, "no", "such.db"))).rejects.toThrow(/cannot open the database/);
    await expect(open("mysql://host/db")).rejects.toThrow(/expected the path of a SQLite file, or/);
    await expect(open(join(folder, "none.db"), true)).rejects.toThrow(/no database .*--storage/);
  });

  test("of somebody else's, with tables of the same names, is refused", async () => {
    const path = join(folder, "other.db");
    const database = new DatabaseSync(path);
    database.exec("CREATE TABLE tenant (flat TEXT)");
    database.close();
    await expect(openStore({ storage: path, durability: "process" })).rejects.toThrow(
      /table tenant already exists; expected an empty database/,
    );
  });

  test("is read while another connection writes, and written once that is done", async () => {
    const storage = join(folder, "shared.db");
    const store = await openStore({ storage, durability: "process" });
    const other = new DatabaseSync(storage);
    other.exec("BEGIN IMMEDIATE; UPDATE state SET version = 76");
    expect(await store.admin.version()).toBe(0);
    const writing = store.admin.setSuspended("a", true, { who: "test", atMs: 1 });
    // The event loop turns while the store waits: else nobody could end the other's transaction.
    await new Promise((resolve) => setImmediate(resolve));
    other.exec("COMMIT");
    await writing;
    expect(await store.admin.version()).toBe(77);
    other.close();
    await store.close();
  });
});
