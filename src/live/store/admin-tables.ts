/**
 * Tenants, keys and the audit log in SQL. Every change first takes the one row of `state`: that gives changes an order, the
 * audit entry its number, and running servers the news that something is different.
 */
import { assert } from "../../base/assert.ts";
import type { JsonObject } from "../exchange.ts";
import {
  type Database,
  integerAt,
  optionalIntegerAt,
  optionalTextAt,
  type Queries,
  type Row,
  textAt,
} from "./database.ts";
import type { Actor, AdminStore, AuditEntry, StoredKey, StoredTenant } from "./store.ts";

export class AdminTables implements AdminStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async version(): Promise<number> {
    const [row] = await this.#database.rows("SELECT version FROM state");
    return integerAt(row!, "version");
  }

  async tenants(): Promise<readonly StoredTenant[]> {
    const rows = await this.#database.rows("SELECT * FROM tenant ORDER BY place");
    return rows.map(tenantOf);
  }

  async putTenant({ name, spec }: Pick<StoredTenant, "name" | "spec">, by: Actor): Promise<void> {
    const text = spec === undefined ? null : JSON.stringify(spec);
    await this.#change({ ...by, what: "tenant.put", detail: { tenant: name, spec } }, (queries) =>
      queries.rows(
        `INSERT INTO tenant (name, place, spec, is_suspended, created_ms)
          VALUES ($1, ${nextPlace("tenant")}, $2, 0, $3)
          ON CONFLICT (name) DO UPDATE SET spec = excluded.spec`,
        [name, text, by.atMs],
      ),
    );
  }

  async setSuspended(name: string, isSuspended: boolean, by: Actor): Promise<void> {
    const what = isSuspended ? "tenant.suspend" : "tenant.resume";
    await this.#change({ ...by, what, detail: { tenant: name } }, (queries) =>
      queries.rows(
        `INSERT INTO tenant (name, place, spec, is_suspended, created_ms)
          VALUES ($1, ${nextPlace("tenant")}, NULL, $2, $3)
          ON CONFLICT (name) DO UPDATE SET is_suspended = excluded.is_suspended`,
        [name, isSuspended ? 1 : 0, by.atMs],
      ),
    );
  }

  async keys(): Promise<readonly StoredKey[]> {
    const rows = await this.#database.rows("SELECT * FROM api_key ORDER BY place");
    return rows.map(keyOf);
  }

  async findKey(hash: string): Promise<StoredKey | undefined> {
    const [row] = await this.#database.rows("SELECT * FROM api_key WHERE hash = $1", [hash]);
    return row === undefined ? undefined : keyOf(row);
  }

  async createKey(key: StoredKey, by: Actor): Promise<void> {
    const detail = { key: key.id, label: key.label, tenant: key.tenant };
    await this.#change({ ...by, what: "key.create", detail }, (queries) => insertKey(queries, key));
  }

  revokeKey(id: string, by: Actor): Promise<boolean> {
    return this.#changeKey(id, { ...by, what: "key.revoke", detail: { key: id } }, (queries) =>
      queries.rows("UPDATE api_key SET revoked_ms = coalesce(revoked_ms, $1) WHERE id = $2", [
        by.atMs,
        id,
      ]),
    );
  }

  rotateKey(
    id: string,
    { replacement, oldExpiresMs }: { replacement: StoredKey; oldExpiresMs: number },
    by: Actor,
  ): Promise<boolean> {
    assert(isStorable(oldExpiresMs), "a key whose end could not be read back");
    const detail = { key: id, replacement: replacement.id, label: replacement.label, oldExpiresMs };
    return this.#changeKey(id, { ...by, what: "key.rotate", detail }, async (queries) => {
      await queries.rows(
        `UPDATE api_key SET expires_ms = CASE WHEN expires_ms < $1 THEN expires_ms ELSE $1 END
          WHERE id = $2`,
        [oldExpiresMs, id],
      );
      await insertKey(queries, replacement);
    });
  }

  async recordAction(entry: AuditEntry): Promise<void> {
    await this.#database.transaction((queries) => writeAudit(queries, entry, 0));
  }

  async auditLog(limit: number): Promise<readonly AuditEntry[]> {
    const rows = await this.#database.rows("SELECT * FROM audit ORDER BY number DESC LIMIT $1", [
      limit,
    ]);
    return rows.toReversed().map((row) => ({
      atMs: integerAt(row, "at_ms"),
      who: textAt(row, "who"),
      what: textAt(row, "what"),
      detail: objectAt(row, "detail"),
    }));
  }

  #change(entry: AuditEntry, work: (queries: Queries) => Promise<unknown>): Promise<void> {
    return this.#database.transaction(async (queries) => {
      await writeAudit(queries, entry, 1);
      await work(queries);
    });
  }

  /** As #change, and nothing at all when there is no such key. */
  #changeKey(
    id: string,
    entry: AuditEntry,
    work: (queries: Queries) => Promise<unknown>,
  ): Promise<boolean> {
    return this.#database.transaction(async (queries) => {
      const [found] = await queries.rows("SELECT id FROM api_key WHERE id = $1", [id]);
      if (found === undefined) return false;
      await writeAudit(queries, entry, 1);
      await work(queries);
      return true;
    });
  }
}

async function writeAudit(
  queries: Queries,
  { atMs, who, what, detail }: AuditEntry,
  versions: number,
): Promise<void> {
  const [state] = await queries.rows(
    "UPDATE state SET version = version + $1, audit_entries = audit_entries + 1 RETURNING audit_entries",
    [versions],
  );
  await queries.rows(
    "INSERT INTO audit (number, at_ms, who, what, detail) VALUES ($1, $2, $3, $4, $5)",
    [integerAt(state!, "audit_entries"), atMs, who, what, JSON.stringify(detail)],
  );
}

async function insertKey(queries: Queries, key: StoredKey): Promise<void> {
  assert(isStorable(key.expiresMs), "a key whose end could not be read back");
  await queries.rows(
    `INSERT INTO api_key (id, place, tenant, hash, label, created_ms, expires_ms, revoked_ms)
      VALUES ($1, ${nextPlace("api_key")}, $2, $3, $4, $5, $6, $7)`,
    [
      key.id,
      key.tenant ?? null,
      key.hash,
      key.label,
      key.createdMs,
      key.expiresMs ?? null,
      key.revokedMs ?? null,
    ],
  );
}

function isStorable(timeMs: number | undefined): boolean {
  return timeMs === undefined || Number.isSafeInteger(timeMs);
}

/** After all others; safe because whoever changes the table holds the row of `state`. */
function nextPlace(table: "tenant" | "api_key"): string {
  return `(SELECT coalesce(max(place), 0) + 1 FROM ${table})`;
}

function tenantOf(row: Row): StoredTenant {
  return {
    name: textAt(row, "name"),
    spec: row["spec"] === null ? undefined : objectAt(row, "spec"),
    isSuspended: integerAt(row, "is_suspended") === 1,
    createdMs: integerAt(row, "created_ms"),
  };
}

function objectAt(row: Row, column: string): JsonObject {
  const object: JsonObject = JSON.parse(textAt(row, column));
  return object;
}

function keyOf(row: Row): StoredKey {
  return {
    id: textAt(row, "id"),
    tenant: optionalTextAt(row, "tenant"),
    hash: textAt(row, "hash"),
    label: textAt(row, "label"),
    createdMs: integerAt(row, "created_ms"),
    expiresMs: optionalIntegerAt(row, "expires_ms"),
    revokedMs: optionalIntegerAt(row, "revoked_ms"),
  };
}
