/**
 * The store's database on a PostgreSQL server. With durability "process" a commit does not wait for the server's disk: this
 * program may be killed at any moment and loses nothing, but a crash of the server or of its machine may take the last
 * 0.6 seconds (three times its wal_writer_delay). With "power" a commit is on the server's disk, and on those of
 * synchronous standbys where there are any.
 */
import { Pool, type PoolClient, types } from "pg";
import type { Database, Destination, Dialect, Queries, Row, Value } from "./database.ts";
import { StoreError } from "./store.ts";

const CONNECT_TIMEOUT_MS = 5000;
/** A statement without answer for so long means that the server is out of reach. */
const QUERY_TIMEOUT_MS = 60_000;
/** A transaction whose client has gone away ends after this long, and whoever repeats it gets its turn. */
const IDLE_TRANSACTION_MS = 30_000;
/** Object identifier of the type bigint (pg_type.dat). */
const INT8 = 20;
/** Any number will do: those who change the schema take turns by it. */
const SCHEMA_LOCK = 2_318_903_731;

const ARRAY_TYPES = { integer: "bigint[]", real: "double precision[]", text: "text[]" } as const;

export interface PostgresOptions {
  readonly url: string;
  readonly durability: "process" | "power";
  readonly maxConnections: number;
}

export class PostgresDatabase implements Database {
  readonly dialect: Dialect = {
    integer: "BIGINT",
    real: "DOUBLE PRECISION",
    tableOptions: "",
    nowMs: "CAST(1000 * extract(epoch FROM statement_timestamp()) AS BIGINT)",
    lockSchema: `SELECT pg_advisory_xact_lock(${SCHEMA_LOCK})`,
  };
  readonly place: string;
  readonly #pool: Pool;

  private constructor(pool: Pool, place: string) {
    this.#pool = pool;
    this.place = place;
  }

  /** Fails: StoreError when the server cannot be reached or cannot keep what `durability` promises. */
  static async open({
    url,
    durability,
    maxConnections,
  }: PostgresOptions): Promise<PostgresDatabase> {
    const place = withoutPassword(url);
    const pool = new Pool({
      connectionString: url,
      max: maxConnections,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_TRANSACTION_MS,
      keepAlive: true,
      application_name: "tenantry",
      types: { getTypeParser: parserOf },
      onConnect: async (client) => {
        await client.query(`SET synchronous_commit = ${durability === "power" ? "on" : "off"}`);
      },
    });
    // Whoever uses a connection that breaks is told by the query, and the pool replaces it. But a connection may report its
    // end more than once (the server's last word, then a broken pipe), and a report without a listener ends the program.
    pool.on("error", () => {});
    pool.on("connect", (client) => client.on("error", () => {}));
    const database = new PostgresDatabase(pool, place);
    try {
      const [row] = await database.rows("SHOW fsync");
      if (durability === "power" && row?.["fsync"] !== "on") {
        throw new Error("it runs with fsync = off, and durability: power cannot be kept");
      }
    } catch (error) {
      await pool.end();
      throw new StoreError(`cannot use the database ${place}: ${reasonOf(error)}`, {
        cause: error,
      });
    }
    return database;
  }

  async rows(sql: string, parameters: readonly Value[] = []): Promise<readonly Row[]> {
    const result = await this.#pool.query<Row>(sql, [...parameters]);
    return result.rows;
  }

  insert(into: Destination, rows: readonly (readonly Value[])[]): Promise<void> {
    return insertRows(this.#pool, into, rows);
  }

  async transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    try {
      await client.query("BEGIN");
      const result = await work(queriesOf(client));
      await client.query("COMMIT");
      client.release();
      return result;
    } catch (error) {
      // Whatever state the connection is in, the server undoes the transaction when it goes.
      client.release(true);
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

function queriesOf(client: PoolClient): Queries {
  return {
    async rows(sql, parameters = []) {
      const result = await client.query<Row>(sql, [...parameters]);
      return result.rows;
    },
    insert: (into, rows) => insertRows(client, into, rows),
  };
}

/** One statement with an array per column, however many rows. */
async function insertRows(
  client: Pick<PoolClient, "query">,
  { table, columns, onConflict }: Destination,
  rows: readonly (readonly Value[])[],
): Promise<void> {
  if (rows.length === 0) return;
  const names = Object.keys(columns);
  const arrays = Object.values(columns).map((type, index) => `$${index + 1}::${ARRAY_TYPES[type]}`);
  const conflict = onConflict === undefined ? "" : ` ON CONFLICT ${onConflict}`;
  await client.query(
    `INSERT INTO ${table} (${names.join(", ")}) SELECT * FROM unnest(${arrays.join(", ")})${conflict}`,
    names.map((_, index) => rows.map((row) => row[index])),
  );
}

/** Bigints as bigints; everything else as pg reads it. */
function parserOf(id: number, format: "text" | "binary" = "text"): (text: string) => unknown {
  if (id === INT8) return BigInt;
  return format === "text" ? types.getTypeParser(id, "text") : String;
}

function withoutPassword(url: string): string {
  return url.replace(/^(\w+:\/\/[^:@/]*):[^@]*@/u, "$1:***@");
}

function reasonOf(error: unknown): string {
  // Where a name has several addresses, each attempt's failure is inside.
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
