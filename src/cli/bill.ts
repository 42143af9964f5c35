/**
 * `tenantry bill`: what tenants owe for a period, by kind of cost, from the durable ledger. Sums are exact: whole nano-dollars,
 * never doubles. As a table, as CSV for a spreadsheet, as JSON, or every single entry of the ledger.
 */
import { once } from "node:events";
import type { ChargeKind } from "../engine/cost/charge.ts";
import type { BillLine, LedgerFilter, Store, StoredCharge } from "../live/store/store.ts";
import { formatShare } from "../report/format.ts";
import { nearest } from "../scenario/nearest.ts";
import { EXIT, InputError } from "./exit-codes.ts";
import { scenarioWith } from "./known-tenants.ts";
import { exactUsd, groupThousands, seconds, utc } from "./ledger-text.ts";
import { printTable } from "./output.ts";
import { type StorageOptions, withStore } from "./storage.ts";

export interface BillOptions extends StorageOptions {
  readonly tenant?: string;
  readonly from?: string;
  readonly to?: string;
  readonly csv?: boolean;
  readonly json?: boolean;
  readonly entries?: boolean;
}

/** Runs the command; returns its exit code. */
export function billCommand(file: string | undefined, options: BillOptions): Promise<number> {
  const filter = filterOf(options, Date.now());
  return withStore({ ...options, scenario: file, mustExist: true }, async (store) => {
    if (options.entries === true) {
      await printEntries(store, filter);
      return EXIT.fine;
    }
    const lines = await store.ledger.bills(filter);
    if (lines.length === 0 && filter.tenant !== undefined) {
      await requireKnown(store, file, filter.tenant);
    }
    const bills = billsOf(lines, filter.tenant);
    if (options.json === true) printJson(bills, filter);
    else if (options.csv === true) printCsv(bills);
    else printTables(bills, filter);
    return EXIT.fine;
  });
}

interface Bill {
  readonly tenant: string;
  readonly lines: readonly BillLine[];
  readonly totalNanoUsd: bigint;
  readonly estimatedNanoUsd: bigint;
}

/** One bill per tenant; one of nothing for a tenant that owes nothing. */
function billsOf(lines: readonly BillLine[], tenant: string | undefined): Bill[] {
  const names = tenant === undefined ? new Set(lines.map((line) => line.tenant)) : [tenant];
  return [...names].map((name) => {
    const mine = lines.filter((line) => line.tenant === name);
    return {
      tenant: name,
      lines: mine,
      totalNanoUsd: mine.reduce((sum, { amountNanoUsd }) => sum + amountNanoUsd, 0n),
      estimatedNanoUsd: mine.reduce((sum, { estimatedNanoUsd }) => sum + estimatedNanoUsd, 0n),
    };
  });
}

function printTables(bills: readonly Bill[], { fromMs, toMs }: LedgerFilter): void {
  const period = `${utc(fromMs)} to ${utc(toMs)} UTC`;
  if (bills.length === 0) process.stdout.write(`nothing was charged from ${period}\n`);
  for (const { tenant, lines, totalNanoUsd, estimatedNanoUsd } of bills) {
    const rows = lines.map((line) => [
      line.kind,
      quantityText(line),
      exactUsd(line.amountNanoUsd),
      estimatedText(line.estimatedNanoUsd, line.amountNanoUsd, line.estimatedQuantity > 0n),
    ]);
    const isEstimated = lines.some((line) => line.estimatedQuantity > 0n);
    const estimated = estimatedText(estimatedNanoUsd, totalNanoUsd, isEstimated);
    rows.push(["total", "", exactUsd(totalNanoUsd), estimated]);
    const head = ["Kind", "Quantity", "Amount", "Estimated"];
    printTable({ title: `Bill of ${tenant}, ${period}`, head, rows }, "right");
  }
}

function quantityText({ kind, quantity }: BillLine): string {
  return unitOf(kind) === "ns" ? `${seconds(quantity)} s` : `${groupThousands(quantity)} tokens`;
}

/** What part of the money rests on estimates; where there is no money to divide, only whether any does. */
function estimatedText(part: bigint, whole: bigint, isEstimated: boolean): string {
  if (!isEstimated) return "no";
  return whole === 0n ? "yes" : formatShare(Number(part) / Number(whole));
}

function unitOf(kind: ChargeKind): "ns" | "tokens" {
  return kind === "input" || kind === "cached-input" || kind === "output" ? "tokens" : "ns";
}

function printCsv(bills: readonly Bill[]): void {
  const head = "tenant,kind,quantity,unit,usd,estimated_quantity,estimated_usd,entries";
  const rows = bills.flatMap(({ tenant, lines }) =>
    lines.map((line) =>
      [
        cell(tenant),
        line.kind,
        line.quantity,
        unitOf(line.kind),
        plainUsd(line.amountNanoUsd),
        line.estimatedQuantity,
        plainUsd(line.estimatedNanoUsd),
        line.entries,
      ].join(","),
    ),
  );
  const totals = bills.map(
    ({ tenant, lines, totalNanoUsd, estimatedNanoUsd }) =>
      `${cell(tenant)},total,,,${plainUsd(totalNanoUsd)},,${plainUsd(estimatedNanoUsd)},${lines.reduce((sum, { entries }) => sum + entries, 0)}`,
  );
  process.stdout.write([head, ...rows, ...totals].map((row) => `${row}\r\n`).join(""));
}

/** Sums are texts: JSON's numbers are doubles. */
function printJson(bills: readonly Bill[], { fromMs, toMs }: LedgerFilter): void {
  const value = {
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    bills: bills.map(({ tenant, lines, totalNanoUsd, estimatedNanoUsd }) => ({
      tenant,
      totalUsd: plainUsd(totalNanoUsd),
      estimatedUsd: plainUsd(estimatedNanoUsd),
      lines: lines.map((line) => ({
        kind: line.kind,
        quantity: String(line.quantity),
        unit: unitOf(line.kind),
        usd: plainUsd(line.amountNanoUsd),
        estimatedQuantity: String(line.estimatedQuantity),
        estimatedUsd: plainUsd(line.estimatedNanoUsd),
        entries: line.entries,
      })),
    })),
  };
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Page by page, at the pace of whoever reads. */
async function printEntries(store: Store, filter: LedgerFilter): Promise<void> {
  process.stdout.write("tenant,at,request,kind,quantity,unit,usd,is_estimate,run,sequence\r\n");
  for await (const page of store.ledger.charges(filter)) {
    const isReady = process.stdout.write(page.map(entryRow).join(""));
    if (!isReady) await once(process.stdout, "drain");
  }
}

function entryRow(charge: StoredCharge): string {
  const cells = [
    cell(charge.tenant),
    new Date(charge.atMs).toISOString(),
    cell(charge.request ?? ""),
    charge.kind,
    charge.quantity,
    unitOf(charge.kind),
    plainUsd(BigInt(charge.amountNanoUsd)),
    charge.isEstimate,
    charge.run,
    charge.sequence,
  ];
  return `${cells.join(",")}\r\n`;
}

function plainUsd(nanoUsd: bigint): string {
  return exactUsd(nanoUsd).replaceAll(/[$,]/g, "");
}

function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A bill of nothing is right for a tenant that has used nothing, and wrong for a name that was misspelt. */
async function requireKnown(store: Store, file: string | undefined, tenant: string): Promise<void> {
  const always = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER / 1000 };
  const charged = (await store.ledger.bills(always)).map((line) => line.tenant);
  const planned =
    file === undefined
      ? []
      : scenarioWith(file, await store.admin.tenants()).platform.tenants.map(({ name }) => name);
  const known = [...new Set([...charged, ...planned])];
  if (known.includes(tenant)) return;
  const meant = nearest(tenant, known);
  const hint = meant === undefined ? "" : `; did you mean '${meant}'?`;
  throw new InputError(`nothing was ever charged to a tenant '${tenant}'${hint}`);
}

function filterOf({ tenant, from, to }: BillOptions, nowMs: number): LedgerFilter {
  const now = new Date(nowMs);
  const fromMs =
    from === undefined ? Date.UTC(now.getUTCFullYear(), now.getUTCMonth()) : timeOf("--from", from);
  const toMs = to === undefined ? Math.max(nowMs, fromMs) : timeOf("--to", to);
  if (toMs < fromMs) {
    throw new InputError(`--to ${to} is before --from ${from ?? utc(fromMs)}`);
  }
  return { tenant, fromMs, toMs };
}

const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z)?$/u;

function timeOf(option: string, text: string): number {
  const ms = TIME.test(text) ? Date.parse(text) : Number.NaN;
  // Date.parse takes 30 February for 2 March.
  if (!Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text.slice(0, 10))) return ms;
  throw new InputError(
    `${option}: expected a date or a time in UTC such as 2026-11-01 or 2026-11-01T12:00Z, got ${text}`,
  );
}
