/**
 * Opens the store that a setting names: a postgres:// URL, or else the path of a SQLite file, relative to the working
 * directory. The schema is brought up to date on the way.
 */
import { existsSync } from "node:fs";
import { AdminTables } from "./admin-tables.ts";
import type { Database } from "./database.ts";
import { LeaseTable } from "./lease-table.ts";
import { LedgerTables } from "./ledger-tables.ts";
import { migrate } from "./migrations.ts";
import { PostgresDatabase } from "./postgres.ts";
import { SqliteDatabase } from "./sqlite.ts";
import { type Store, StoreError } from "./store.ts";

/** Connections of one store to PostgreSQL: what is asked at once seldom is more, and servers allow a hundred by default. */
const MAX_CONNECTIONS = 4;

export interface StoreOptions {
  /** The `serve.storage` of a scenario. */
  readonly storage: string;
  readonly durability: "process" | "power";
  /** Only an existing database will do: whoever reads a bill does not want an empty one made. */
  readonly mustExist?: boolean;
}

/** Fails: StoreError when it cannot be opened, or belongs to a newer program. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const database = await openDatabase(options);
  const nowMs = Date.now();
  try {
    await migrate(database, nowMs);
  } catch (error) {
    await database.close();
    if (error instanceof StoreError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreError(
      `${database.place}: its tables cannot be made or brought up to date: ${reason}; expected an empty database, or one of Tenantry's own`,
      { cause: error },
    );
  }
  return {
    place: database.place,
    ledger: new LedgerTables(database, nowMs),
    admin: new AdminTables(database),
    lease: new LeaseTable(database),
    close: () => database.close(),
  };
}

function isPostgres(storage: string): boolean {
  return /^postgres(ql)?:\/\//u.test(storage);
}

/** Whether a setting names a file, and no server. */
export function isSqliteFile(storage: string): boolean {
  return !/^\w+:\/\//u.test(storage);
}

async function openDatabase(options: StoreOptions): Promise<Database> {
  const { storage, durability, mustExist = false } = options;
  if (isPostgres(storage)) {
    return PostgresDatabase.open({ url: storage, durability, maxConnections: MAX_CONNECTIONS });
  }
  if (!isSqliteFile(storage)) {
    throw new StoreError(
      `cannot use ${storage} for storage: expected the path of a SQLite file, or a postgres:// URL`,
    );
  }
  if (mustExist && !existsSync(storage)) {
    throw new StoreError(
      `there is no database ${storage}; name it with --storage, or the scenario that names it`,
    );
  }
  return new SqliteDatabase({ path: storage, durability });
}
