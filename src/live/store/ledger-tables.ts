/**
 * The ledger in SQL: appends a batch with its sums, and reads bills, counters and entries back. Whole days of a bill come from
 * the sums per day, the ragged ends of a period from the charges themselves; both are written in one transaction, so that
 * they cannot disagree.
 */
import { assert } from "../../base/assert.ts";
import { CHARGE_KINDS } from "../../engine/cost/charge.ts";
import type { Outcome } from "../../engine/request.ts";
import type { LedgerBatch, LedgerUsage } from "../ledger.ts";
import {
  billDays,
  chargeRows,
  DESTINATIONS,
  quotaDays,
  US_PER_DAY,
  usageRows,
} from "./batch-rows.ts";
import {
  bigintAt,
  type Database,
  integerAt,
  oneOf,
  optionalTextAt,
  type Queries,
  type Row,
  textAt,
  type Value,
} from "./database.ts";
import type { BillLine, LedgerFilter, LedgerStore, StoredCharge, UsedByTenant } from "./store.ts";

const OUTCOMES: readonly Outcome[] = ["completed", "failed", "cancelled"];
const MS_PER_DAY = US_PER_DAY / 1000;
/** Entries read at once: bounded memory, and short reads. */
const PAGE = 2000;

export class LedgerTables implements LedgerStore {
  readonly #database: Database;
  readonly #startedMs: number;
  /** This store's run; undefined until it appends. */
  #run: number | undefined;

  constructor(database: Database, startedMs: number) {
    this.#database = database;
    this.#startedMs = startedMs;
  }

  async append(number: number, batch: LedgerBatch): Promise<void> {
    this.#run ??= await this.#startRun();
    const run = this.#run;
    const { charges, usage } = batch;
    await this.#database.transaction(async (queries) => {
      // Taking the run's row first makes a repetition wait for the attempt that it repeats, if that is still under way.
      const [after] = await queries.rows(
        `UPDATE run SET batches = batches + 1, charges = charges + $1, requests = requests + $2
          WHERE run = $3 AND batches = $4 RETURNING charges, requests`,
        [charges.length, usage.length, run, number - 1],
      );
      if (after === undefined) {
        await assertStored(queries, run, number);
        return;
      }
      const firstCharge = integerAt(after, "charges") - charges.length + 1;
      const firstRequest = integerAt(after, "requests") - usage.length + 1;
      await queries.insert(DESTINATIONS.charge, chargeRows(run, firstCharge, charges));
      await queries.insert(DESTINATIONS.request, usageRows(run, firstRequest, usage));
      await queries.insert(DESTINATIONS.billDay, billDays(charges));
      await queries.insert(DESTINATIONS.quotaDay, quotaDays(batch));
    });
  }

  /** Should its answer be lost and it be done again, then one run stays empty. */
  #startRun(): Promise<number> {
    return this.#database.transaction(async (queries) => {
      const [state] = await queries.rows("UPDATE state SET runs = runs + 1 RETURNING runs");
      const run = integerAt(state!, "runs");
      await queries.rows(
        "INSERT INTO run (run, started_ms, batches, charges, requests) VALUES ($1, $2, 0, 0, 0)",
        [run, this.#startedMs],
      );
      return run;
    });
  }

  async used(since: { dayMs: number; monthMs: number }): Promise<Map<string, UsedByTenant>> {
    const today = dayOf(since.dayMs);
    const rows = await this.#database.rows(
      `SELECT tenant, day, tokens, nano_usd FROM quota_day WHERE day >= $1 ORDER BY tenant, day`,
      [Math.min(today, dayOf(since.monthMs))],
    );
    const used = new Map<string, UsedByTenant>();
    for (const row of rows) {
      const before = used.get(textAt(row, "tenant"));
      const day = integerAt(row, "day");
      const tokens = day >= today ? integerAt(row, "tokens") : 0;
      const nanoUsd = day >= dayOf(since.monthMs) ? integerAt(row, "nano_usd") : 0;
      used.set(textAt(row, "tenant"), {
        tokensToday: (before?.tokensToday ?? 0) + tokens,
        nanoUsdThisMonth: (before?.nanoUsdThisMonth ?? 0) + nanoUsd,
      });
    }
    return used;
  }

  async bills(filter: LedgerFilter): Promise<readonly BillLine[]> {
    const { fromMs, toMs } = filter;
    const firstWhole = Math.ceil(fromMs / MS_PER_DAY);
    const endWhole = Math.max(firstWhole, Math.floor(toMs / MS_PER_DAY));
    const head = { ...filter, toMs: Math.min(toMs, firstWhole * MS_PER_DAY) };
    const tail = { ...filter, fromMs: Math.max(head.toMs, endWhole * MS_PER_DAY) };
    const lines = new Map<string, BillLine>();
    for (const row of await this.#wholeDays(filter.tenant, firstWhole, endWhole)) add(lines, row);
    for (const part of [head, tail]) {
      if (part.fromMs >= part.toMs) continue;
      for (const row of await this.#sumOfCharges(part)) add(lines, row);
    }
    return [...lines.values()].toSorted(
      (a, b) =>
        (a.tenant < b.tenant ? -1 : a.tenant > b.tenant ? 1 : 0) ||
        CHARGE_KINDS.indexOf(a.kind) - CHARGE_KINDS.indexOf(b.kind),
    );
  }

  /** A row per day: a day's sum fits 64 bits, a year's may not. */
  #wholeDays(tenant: string | undefined, first: number, end: number): Promise<readonly Row[]> {
    const who = tenant === undefined ? "" : " AND tenant = $3";
    return this.#database.rows(
      `SELECT tenant, kind, quantity, amount_nano_usd, estimated_quantity, estimated_nano_usd, entries
        FROM bill_day WHERE day >= $1 AND day < $2${who}`,
      [first, end, ...(tenant === undefined ? [] : [tenant])],
    );
  }

  /** Of less than a day. */
  #sumOfCharges(filter: LedgerFilter): Promise<readonly Row[]> {
    const who = filter.tenant === undefined ? "" : " AND tenant = $3";
    return this.#database.rows(
      `SELECT tenant, kind, CAST(sum(quantity) AS ${this.#integer}) AS quantity,
          CAST(sum(amount_nano_usd) AS ${this.#integer}) AS amount_nano_usd,
          CAST(sum(quantity * is_estimate) AS ${this.#integer}) AS estimated_quantity,
          CAST(sum(amount_nano_usd * is_estimate) AS ${this.#integer}) AS estimated_nano_usd,
          count(*) AS entries
        FROM charge WHERE at_us >= $1 AND at_us < $2${who} GROUP BY tenant, kind`,
      [...period(filter), ...(filter.tenant === undefined ? [] : [filter.tenant])],
    );
  }

  get #integer(): string {
    return this.#database.dialect.integer;
  }

  async *charges(filter: LedgerFilter): AsyncIterable<readonly StoredCharge[]> {
    const tenants = filter.tenant === undefined ? await this.#tenants() : [filter.tenant];
    for (const tenant of tenants) yield* this.#chargesOf(tenant, filter);
  }

  async #tenants(): Promise<string[]> {
    const rows = await this.#database.rows("SELECT DISTINCT tenant FROM bill_day");
    return rows.map((row) => textAt(row, "tenant")).toSorted();
  }

  async *#chargesOf(tenant: string, filter: LedgerFilter): AsyncIterable<readonly StoredCharge[]> {
    const [fromUs, toUs] = period(filter);
    let after: readonly Value[] = [fromUs, 0, 0];
    for (;;) {
      const rows = await this.#database.rows(
        `SELECT run, sequence, at_us, tenant, request, kind, quantity, amount_nano_usd, is_estimate
          FROM charge WHERE tenant = $1 AND at_us < $2 AND (at_us, run, sequence) > ($3, $4, $5)
          ORDER BY at_us, run, sequence LIMIT ${PAGE}`,
        [tenant, toUs, ...after],
      );
      if (rows.length > 0) yield rows.map(chargeOf);
      const last = rows.at(-1);
      if (rows.length < PAGE || last === undefined) return;
      after = ["at_us", "run", "sequence"].map((column) => bigintAt(last, column));
    }
  }

  async *usage(filter: LedgerFilter): AsyncIterable<readonly LedgerUsage[]> {
    const who = filter.tenant === undefined ? "" : " AND tenant = $5";
    let after: readonly Value[] = [0, 0];
    for (;;) {
      const rows = await this.#database.rows(
        `SELECT * FROM request WHERE ended_us >= $1 AND ended_us < $2 AND (run, sequence) > ($3, $4)${who}
          ORDER BY run, sequence LIMIT ${PAGE}`,
        [...period(filter), ...after, ...(filter.tenant === undefined ? [] : [filter.tenant])],
      );
      if (rows.length > 0) yield rows.map(usageOf);
      const last = rows.at(-1);
      if (rows.length < PAGE || last === undefined) return;
      after = ["run", "sequence"].map((column) => bigintAt(last, column));
    }
  }
}

/** A batch that changed nothing must be one that is already there, and not one out of order. */
async function assertStored(queries: Queries, run: number, number: number): Promise<void> {
  const [row] = await queries.rows("SELECT batches FROM run WHERE run = $1", [run]);
  assert(row !== undefined && integerAt(row, "batches") >= number, "a batch out of order");
}

function add(lines: Map<string, BillLine>, row: Row): void {
  const tenant = textAt(row, "tenant");
  const kind = oneOf(CHARGE_KINDS, row, "kind");
  const before = lines.get(`${kind} ${tenant}`);
  lines.set(`${kind} ${tenant}`, {
    tenant,
    kind,
    quantity: (before?.quantity ?? 0n) + bigintAt(row, "quantity"),
    amountNanoUsd: (before?.amountNanoUsd ?? 0n) + bigintAt(row, "amount_nano_usd"),
    estimatedQuantity: (before?.estimatedQuantity ?? 0n) + bigintAt(row, "estimated_quantity"),
    estimatedNanoUsd: (before?.estimatedNanoUsd ?? 0n) + bigintAt(row, "estimated_nano_usd"),
    entries: (before?.entries ?? 0) + integerAt(row, "entries"),
  });
}

function chargeOf(row: Row): StoredCharge {
  return {
    run: integerAt(row, "run"),
    sequence: integerAt(row, "sequence"),
    atMs: integerAt(row, "at_us") / 1000,
    tenant: textAt(row, "tenant"),
    request: optionalTextAt(row, "request"),
    kind: oneOf(CHARGE_KINDS, row, "kind"),
    quantity: integerAt(row, "quantity"),
    amountNanoUsd: integerAt(row, "amount_nano_usd"),
    isEstimate: integerAt(row, "is_estimate") === 1,
  };
}

function usageOf(row: Row): LedgerUsage {
  return {
    request: textAt(row, "request"),
    tenant: textAt(row, "tenant"),
    pool: textAt(row, "pool"),
    adapter: optionalTextAt(row, "adapter"),
    arrivedMs: integerAt(row, "arrived_us") / 1000,
    endedMs: integerAt(row, "ended_us") / 1000,
    ttftMs: row["ttft_ms"] === null ? undefined : Number(row["ttft_ms"]),
    promptTokens: integerAt(row, "prompt_tokens"),
    cachedTokens: integerAt(row, "cached_tokens"),
    outputTokens: integerAt(row, "output_tokens"),
    outcome: oneOf(OUTCOMES, row, "outcome"),
  };
}

function dayOf(ms: number): number {
  return Math.floor(ms / MS_PER_DAY);
}

function period({ fromMs, toMs }: LedgerFilter): [number, number] {
  return [Math.round(fromMs * 1000), Math.round(toMs * 1000)];
}
