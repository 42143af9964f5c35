/**
 * The store's database in one SQLite file, through Node's own module. Write-ahead log: readers never wait for the writer, and
 * a process that is killed loses nothing it had committed. What a power cut may take is the setting: with "process" the log
 * is synced only now and then, with "power" at every commit. Calls do their work on the thread that makes them, but wait for
 * another writer without holding it up: that writer may be on the same thread.
 */
import { setTimeout as wait } from "node:timers/promises";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Database, Destination, Dialect, Queries, Row, Value } from "./database.ts";
import { StoreError } from "./store.ts";

/** How long a statement waits for another connection's write before it fails, and how often it looks. */
const BUSY_TIMEOUT_MS = 5000;
const BUSY_RETRY_MS = 2;
/** SQLite's result code for a lock that somebody else holds (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5;
/** A commit that finds more pages than this in the log moves them itself (32 MB): the checkpoint thread is behind, or there is none. */
const CHECKPOINT_PAGES = 8000;
/** Statements kept prepared; there are some thirty different ones. */
const MAX_PREPARED = 100;

export interface SqliteOptions {
  readonly path: string;
  readonly durability: "process" | "power";
}

export class SqliteDatabase implements Database {
  readonly dialect: Dialect = {
    integer: "INTEGER",
    real: "REAL",
    tableOptions: " STRICT, WITHOUT ROWID",
    nowMs: "CAST(1000 * unixepoch('subsec') AS INTEGER)",
    lockSchema: undefined,
  };
  readonly place: string;
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();
  /** The end of everything asked for so far: whatever comes waits for it, so that nothing happens inside others' transactions. */
  #turn: Promise<unknown> = Promise.resolve();

  /** Fails: StoreError when the file cannot be opened or is something else. */
  constructor({ path, durability }: SqliteOptions) {
    this.place = path;
    try {
      this.#database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, readBigInts: true });
      const mode = this.#database.prepare("PRAGMA journal_mode = WAL").get();
      if (mode?.["journal_mode"] !== "wal") {
        throw new Error("its file system cannot share memory, which a write-ahead log needs");
      }
      this.#database.exec(`PRAGMA synchronous = ${durability === "power" ? "FULL" : "NORMAL"}`);
      this.#database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
      // From here on it is this class that waits.
      this.#database.exec("PRAGMA busy_timeout = 0");
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new StoreError(
        `cannot open the database ${path}: ${reason}; expected a SQLite file, or a folder in which one can be made`,
        { cause: error },
      );
    }
  }

  rows(sql: string, parameters: readonly Value[] = []): Promise<readonly Row[]> {
    return this.#inTurn(() => patiently(() => this.#rowsNow(sql, parameters)));
  }

  insert(into: Destination, rows: readonly (readonly Value[])[]): Promise<void> {
    return this.transaction((queries) => queries.insert(into, rows));
  }

  transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      await patiently(() => this.#database.exec("BEGIN IMMEDIATE"));
      try {
        const result = await work(this.#inside);
        this.#database.exec("COMMIT");
        return result;
      } catch (error) {
        // After some failures (a full disk) SQLite has undone the transaction by itself.
        if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
        throw error;
      }
    });
  }

  close(): Promise<void> {
    return this.#inTurn(() => this.#database.close());
  }

  readonly #inside: Queries = {
    rows: async (sql, parameters = []) => this.#rowsNow(sql, parameters),
    insert: async (into, rows) => {
      const statement = this.#prepare(insertStatement(into));
      for (const row of rows) statement.run(...row);
    },
  };

  #inTurn<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  #rowsNow(sql: string, parameters: readonly Value[]): Row[] {
    const named = Object.fromEntries(parameters.map((value, index) => [`$${index + 1}`, value]));
    return this.#prepare(sql).all(named);
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      if (this.#prepared.size >= MAX_PREPARED) this.#prepared.clear();
      statement = this.#database.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }
}

/** Repeats one statement while somebody else holds the lock it needs; such a statement has done nothing. */
async function patiently<T>(statement: () => T): Promise<T> {
  const untilMs = performance.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    try {
      return statement();
    } catch (error) {
      const code = error instanceof Error && "errcode" in error ? error.errcode : undefined;
      if (code !== SQLITE_BUSY || performance.now() > untilMs) throw error;
    }
    await wait(BUSY_RETRY_MS);
  }
}

function insertStatement({ table, columns, onConflict }: Destination): string {
  const names = Object.keys(columns);
  const conflict = onConflict === undefined ? "" : ` ON CONFLICT ${onConflict}`;
  return `INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})${conflict}`;
}
