/**
 * The lease of a store in SQL: one row, taken, renewed and given back by single statements, so that of two who want it at once
 * one gets it. All times are the database's.
 */
import { type Database, integerAt, type Row, textAt } from "./database.ts";
import type { Lease, LeaseHolder, LeaseStore } from "./store.ts";

export class LeaseTable implements LeaseStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async take(holder: LeaseHolder, forMs: number, instead = ""): Promise<Lease | undefined> {
    const { nowMs } = this.#database.dialect;
    const { id, host, machine, pid, birth } = holder;
    for (;;) {
      const taken = await this.#database.rows(
        `INSERT INTO lease (only_row, holder, host, machine, pid, birth, since_ms, until_ms)
          VALUES (1, $1, $2, $3, $4, $5, ${nowMs}, ${nowMs} + $6)
          ON CONFLICT (only_row) DO UPDATE SET holder = excluded.holder, host = excluded.host,
            machine = excluded.machine, pid = excluded.pid, birth = excluded.birth,
            since_ms = excluded.since_ms, until_ms = excluded.until_ms
          WHERE lease.until_ms <= ${nowMs} OR lease.holder = $7
          RETURNING holder`,
        [id, host, machine, pid, birth, forMs, instead],
      );
      if (taken.length > 0) return undefined;
      const [row] = await this.#database.rows(
        `SELECT *, until_ms - ${nowMs} AS left_ms FROM lease`,
      );
      // Given back meanwhile: then it can be taken.
      if (row !== undefined) return leaseOf(row);
    }
  }

  async renew(id: string, forMs: number): Promise<boolean> {
    const { nowMs } = this.#database.dialect;
    const renewed = await this.#database.rows(
      `UPDATE lease SET until_ms = ${nowMs} + $2 WHERE holder = $1 RETURNING holder`,
      [id, forMs],
    );
    return renewed.length > 0;
  }

  async giveBack(id: string): Promise<void> {
    await this.#database.rows("DELETE FROM lease WHERE holder = $1", [id]);
  }
}

function leaseOf(row: Row): Lease {
  return {
    id: textAt(row, "holder"),
    host: textAt(row, "host"),
    machine: textAt(row, "machine"),
    pid: integerAt(row, "pid"),
    birth: textAt(row, "birth"),
    sinceMs: integerAt(row, "since_ms"),
    untilMs: integerAt(row, "until_ms"),
    leftMs: integerAt(row, "left_ms"),
  };
}
