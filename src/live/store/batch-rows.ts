/**
 * A batch of the ledger as rows of the store's tables: its entries one by one, and what they add to the sums per day. Times
 * become whole microseconds; which day a charge belongs to is decided by those, so that sums and entries agree.
 */
import type { ChargeKind } from "../../engine/cost/charge.ts";
import type { LedgerBatch, LedgerCharge, LedgerUsage } from "../ledger.ts";
import type { Destination, Value } from "./database.ts";

export const US_PER_DAY = 86_400_000_000;

/** What the engine's quotas of the day and the month count. */
const TOKEN_KINDS: ReadonlySet<ChargeKind> = new Set(["input", "cached-input", "output"]);

export const DESTINATIONS = {
  charge: {
    table: "charge",
    columns: {
      run: "integer",
      sequence: "integer",
      at_us: "integer",
      tenant: "text",
      request: "text",
      kind: "text",
      quantity: "integer",
      amount_nano_usd: "integer",
      is_estimate: "integer",
    },
  },
  request: {
    table: "request",
    columns: {
      run: "integer",
      sequence: "integer",
      request: "text",
      tenant: "text",
      pool: "text",
      adapter: "text",
      arrived_us: "integer",
      ended_us: "integer",
      ttft_ms: "real",
      prompt_tokens: "integer",
      cached_tokens: "integer",
      output_tokens: "integer",
      outcome: "text",
    },
  },
  billDay: {
    table: "bill_day",
    columns: {
      day: "integer",
      tenant: "text",
      kind: "text",
      quantity: "integer",
      amount_nano_usd: "integer",
      estimated_quantity: "integer",
      estimated_nano_usd: "integer",
      entries: "integer",
    },
    onConflict: `(tenant, day, kind) DO UPDATE SET
      quantity = bill_day.quantity + excluded.quantity,
      amount_nano_usd = bill_day.amount_nano_usd + excluded.amount_nano_usd,
      estimated_quantity = bill_day.estimated_quantity + excluded.estimated_quantity,
      estimated_nano_usd = bill_day.estimated_nano_usd + excluded.estimated_nano_usd,
      entries = bill_day.entries + excluded.entries`,
  },
  quotaDay: {
    table: "quota_day",
    columns: { day: "integer", tenant: "text", tokens: "integer", nano_usd: "integer" },
    onConflict: `(day, tenant) DO UPDATE SET
      tokens = quota_day.tokens + excluded.tokens, nano_usd = quota_day.nano_usd + excluded.nano_usd`,
  },
} as const satisfies Record<string, Destination>;

export function chargeRows(
  run: number,
  first: number,
  charges: readonly LedgerCharge[],
): Value[][] {
  return charges.map((charge, index) => [
    run,
    first + index,
    toUs(charge.atMs),
    charge.tenant,
    charge.request ?? null,
    charge.kind,
    charge.quantity,
    charge.amountNanoUsd,
    charge.isEstimate ? 1 : 0,
  ]);
}

export function usageRows(run: number, first: number, usage: readonly LedgerUsage[]): Value[][] {
  return usage.map((one, index) => [
    run,
    first + index,
    one.request,
    one.tenant,
    one.pool,
    one.adapter ?? null,
    toUs(one.arrivedMs),
    toUs(one.endedMs),
    one.ttftMs ?? null,
    one.promptTokens,
    one.cachedTokens,
    one.outputTokens,
    one.outcome,
  ]);
}

/** What the charges add to each tenant's day, by kind. */
export function billDays(charges: readonly LedgerCharge[]): Value[][] {
  const sums = new Sums();
  for (const { atMs, tenant, kind, quantity, amountNanoUsd, isEstimate } of charges) {
    const estimate = isEstimate ? 1 : 0;
    const day = Math.floor(toUs(atMs) / US_PER_DAY);
    sums.add(
      [day, tenant, kind],
      [quantity, amountNanoUsd, quantity * estimate, amountNanoUsd * estimate, 1],
    );
  }
  return sums.rows();
}

/**
 * What the charges add to each tenant's quotas. The engine counts a request in the day it was admitted in, so a charge counts
 * from the arrival of its request, whose usage is always in the same batch.
 */
export function quotaDays({ charges, usage }: LedgerBatch): Value[][] {
  const arrivals = new Map(usage.map(({ request, arrivedMs }) => [request, arrivedMs]));
  const sums = new Sums();
  for (const { atMs, tenant, request, kind, quantity, amountNanoUsd } of charges) {
    if (!TOKEN_KINDS.has(kind)) continue;
    const countedMs = (request === undefined ? undefined : arrivals.get(request)) ?? atMs;
    sums.add([Math.floor(toUs(countedMs) / US_PER_DAY), tenant], [quantity, amountNanoUsd]);
  }
  return sums.rows();
}

/** Adds numbers up under a key; exact as long as a batch's sums are, which are small. */
class Sums {
  readonly #rows = new Map<string, { readonly key: readonly Value[]; readonly sums: number[] }>();

  add(key: readonly Value[], amounts: readonly number[]): void {
    const name = key.join(" ");
    const row = this.#rows.get(name);
    if (row === undefined) {
      this.#rows.set(name, { key, sums: [...amounts] });
      return;
    }
    for (const [index, amount] of amounts.entries()) row.sums[index]! += amount;
  }

  /** In order of key, so that two who write the same rows take them in one order and never wait for each other in a ring. */
  rows(): Value[][] {
    return [...this.#rows.entries()]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { key, sums }]) => [...key, ...sums]);
  }
}

function toUs(ms: number): number {
  return Math.round(ms * 1000);
}
