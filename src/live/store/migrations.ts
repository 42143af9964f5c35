/**
 * The schema, as numbered steps that are taken once and in order, each in a transaction. A new version of the program adds a
 * step and never edits an old one. A database that has taken steps this program does not know belongs to a newer one and is
 * left alone.
 */
import { type Database, type Dialect, integerAt, type Queries } from "./database.ts";
import { StoreError } from "./store.ts";

type Step = (dialect: Dialect) => readonly string[];

/** STEPS[n] leads from schema n to n + 1. */
const STEPS: readonly Step[] = [firstSchema, leaseSchema];

/** Brings the database to the present schema. Fails: StoreError when a newer program has written it. */
export async function migrate(database: Database, nowMs: number): Promise<void> {
  if ((await schemaOf(database)) === STEPS.length) return;
  const { integer, tableOptions, lockSchema } = database.dialect;
  await database.transaction(async (queries) => {
    if (lockSchema !== undefined) await queries.rows(lockSchema);
    await queries.rows(
      `CREATE TABLE IF NOT EXISTS schema_step (
        step ${integer} PRIMARY KEY, taken_ms ${integer} NOT NULL)${tableOptions}`,
    );
    // Read again: another process may have taken the steps while this one waited for its turn.
    const taken = await lastStep(queries);
    if (taken > STEPS.length) throw newerDatabase(database.place, taken);
    for (const [index, step] of STEPS.entries()) {
      if (index < taken) continue;
      for (const statement of step(database.dialect)) await queries.rows(statement);
      await queries.rows("INSERT INTO schema_step (step, taken_ms) VALUES ($1, $2)", [
        index + 1,
        nowMs,
      ]);
    }
  });
}

/** Steps taken, 0 for an empty database. */
async function schemaOf(database: Database): Promise<number> {
  try {
    return await lastStep(database);
  } catch {
    // Most likely there is no such table yet; any other trouble shows itself when it is made.
    return 0;
  }
}

async function lastStep(queries: Queries): Promise<number> {
  const [row] = await queries.rows("SELECT coalesce(max(step), 0) AS step FROM schema_step");
  return integerAt(row!, "step");
}

function newerDatabase(place: string, taken: number): StoreError {
  return new StoreError(
    `${place}: written by a newer Tenantry (its schema is number ${taken}, this program knows ${STEPS.length}); update this program, or use another database`,
  );
}

/**
 * Charges and usage are keyed by run and sequence: a run is one store that appended, and `batches` is how many of its
 * batches are in, which is how a repeated one is recognised. `bill_day` and `quota_day` are sums of charges, kept in the
 * same transaction: by the UTC day (counted from 1970) of the charge for bills, of its request's admission for quotas.
 */
function firstSchema({ integer, real, tableOptions }: Dialect): string[] {
  return [
    `CREATE TABLE run (
      run ${integer} PRIMARY KEY,
      started_ms ${integer} NOT NULL,
      batches ${integer} NOT NULL,
      charges ${integer} NOT NULL,
      requests ${integer} NOT NULL)${tableOptions}`,
    `CREATE TABLE charge (
      run ${integer} NOT NULL,
      sequence ${integer} NOT NULL,
      at_us ${integer} NOT NULL,
      tenant TEXT NOT NULL,
      request TEXT,
      kind TEXT NOT NULL,
      quantity ${integer} NOT NULL,
      amount_nano_usd ${integer} NOT NULL,
      is_estimate ${integer} NOT NULL,
      PRIMARY KEY (run, sequence))${tableOptions}`,
    "CREATE INDEX charge_by_tenant ON charge (tenant, at_us)",
    `CREATE TABLE request (
      run ${integer} NOT NULL,
      sequence ${integer} NOT NULL,
      request TEXT NOT NULL,
      tenant TEXT NOT NULL,
      pool TEXT NOT NULL,
      adapter TEXT,
      arrived_us ${integer} NOT NULL,
      ended_us ${integer} NOT NULL,
      ttft_ms ${real},
      prompt_tokens ${integer} NOT NULL,
      cached_tokens ${integer} NOT NULL,
      output_tokens ${integer} NOT NULL,
      outcome TEXT NOT NULL,
      PRIMARY KEY (run, sequence))${tableOptions}`,
    `CREATE TABLE bill_day (
      day ${integer} NOT NULL,
      tenant TEXT NOT NULL,
      kind TEXT NOT NULL,
      quantity ${integer} NOT NULL,
      amount_nano_usd ${integer} NOT NULL,
      estimated_quantity ${integer} NOT NULL,
      estimated_nano_usd ${integer} NOT NULL,
      entries ${integer} NOT NULL,
      PRIMARY KEY (tenant, day, kind))${tableOptions}`,
    `CREATE TABLE quota_day (
      day ${integer} NOT NULL,
      tenant TEXT NOT NULL,
      tokens ${integer} NOT NULL,
      nano_usd ${integer} NOT NULL,
      PRIMARY KEY (day, tenant))${tableOptions}`,
    ...adminSchema(integer, tableOptions),
  ];
}

/** `state` has one row, which every change takes first: so runs, changes and the audit log have one order. */
function adminSchema(integer: string, tableOptions: string): string[] {
  return [
    `CREATE TABLE state (
      only_row ${integer} PRIMARY KEY CHECK (only_row = 1),
      version ${integer} NOT NULL,
      runs ${integer} NOT NULL,
      audit_entries ${integer} NOT NULL)${tableOptions}`,
    "INSERT INTO state (only_row, version, runs, audit_entries) VALUES (1, 0, 0, 0)",
    `CREATE TABLE tenant (
      name TEXT PRIMARY KEY,
      place ${integer} NOT NULL UNIQUE,
      spec TEXT,
      is_suspended ${integer} NOT NULL,
      created_ms ${integer} NOT NULL)${tableOptions}`,
    `CREATE TABLE api_key (
      id TEXT PRIMARY KEY,
      place ${integer} NOT NULL UNIQUE,
      tenant TEXT,
      hash TEXT NOT NULL UNIQUE,
      label TEXT NOT NULL,
      created_ms ${integer} NOT NULL,
      expires_ms ${integer},
      revoked_ms ${integer})${tableOptions}`,
    `CREATE TABLE audit (
      number ${integer} PRIMARY KEY,
      at_ms ${integer} NOT NULL,
      who TEXT NOT NULL,
      what TEXT NOT NULL,
      detail TEXT NOT NULL)${tableOptions}`,
  ];
}

/** `lease` has one row while a server works on the store. */
function leaseSchema({ integer, tableOptions }: Dialect): string[] {
  return [
    `CREATE TABLE lease (
      only_row ${integer} PRIMARY KEY CHECK (only_row = 1),
      holder TEXT NOT NULL,
      host TEXT NOT NULL,
      machine TEXT NOT NULL,
      pid ${integer} NOT NULL,
      birth TEXT NOT NULL,
      since_ms ${integer} NOT NULL,
      until_ms ${integer} NOT NULL)${tableOptions}`,
  ];
}
