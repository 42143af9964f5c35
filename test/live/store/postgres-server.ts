/**
 * The PostgreSQL server that tests use: named by TENANTRY_TEST_POSTGRES, a URL whose user may create databases. Where there is
 * none, tests of PostgreSQL are left out on a user's machine, and fail where CI is set: there, none means that something
 * has broken.
 */
import { randomBytes } from "node:crypto";
import pg from "pg";
import { expect, test } from "vitest";
import type { TestDatabases } from "./contract.ts";

const URL_PARTS = /^(postgres(?:ql)?:\/\/[^/]*\/)([^?]*)(.*)$/u;

/** Runs `define` where there is a server; otherwise one test says that there is none. */
export function withPostgres(define: (server: PostgresServer) => void): void {
  const url = process.env["TENANTRY_TEST_POSTGRES"];
  if (url !== undefined && url !== "") {
    define(new PostgresServer(url));
    return;
  }
  if (process.env["CI"] === "true") {
    test("a PostgreSQL server is there", () => {
      expect(url, "TENANTRY_TEST_POSTGRES names no server, and CI must have one").toBeDefined();
    });
    return;
  }
  const reason = "TENANTRY_TEST_POSTGRES is not set: no PostgreSQL server to test with";
  process.stderr.write(`skipped: ${reason}\n`);
  test.skip(reason, () => {});
}

export class PostgresServer implements TestDatabases {
  readonly #url: string;
  readonly #names: string[] = [];

  constructor(url: string) {
    this.#url = url;
  }

  async create(): Promise<string> {
    const name = `tenantry_test_${randomBytes(6).toString("hex")}`;
    await this.query(this.#url, `CREATE DATABASE ${name}`);
    this.#names.push(name);
    return this.#url.replace(URL_PARTS, `$1${name}$3`);
  }

  async markSchema(storage: string, step: number): Promise<void> {
    await this.query(storage, `INSERT INTO schema_step VALUES (${step}, 0)`);
  }

  /** Runs one statement on a connection of its own. */
  async query(storage: string, sql: string): Promise<readonly Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: storage });
    await client.connect();
    try {
      const result = await client.query<Record<string, unknown>>(sql);
      return result.rows;
    } finally {
      await client.end();
    }
  }

  async removeAll(): Promise<void> {
    for (const name of this.#names.splice(0)) {
      await this.query(this.#url, `DROP DATABASE ${name} WITH (FORCE)`);
    }
  }
}
