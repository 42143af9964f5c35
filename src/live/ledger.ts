/** What a live run must not lose: charges and usage, in the form in which stores keep them. */
import type { ChargeKind } from "../engine/cost/charge.ts";
import type { Outcome } from "../engine/request.ts";

/** One entry of the ledger. Bills are sums of these. */
export interface LedgerCharge {
  /** Unix time, ms. */
  readonly atMs: number;
  readonly tenant: string;
  /** The exchange's public id; undefined for what no single request caused (idle time, adapters). */
  readonly request: string | undefined;
  readonly kind: ChargeKind;
  /** GPU-nanoseconds for gpu, idle and adapter; tokens otherwise. */
  readonly quantity: number;
  readonly amountNanoUsd: number;
  /** The quantity rests on a request-level meter or an uncounted prompt. */
  readonly isEstimate: boolean;
}

/** One request that has ended. */
export interface LedgerUsage {
  readonly request: string;
  readonly tenant: string;
  readonly pool: string;
  readonly adapter: string | undefined;
  readonly arrivedMs: number;
  readonly endedMs: number;
  readonly ttftMs: number | undefined;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly outcome: Outcome;
}

export interface LedgerBatch {
  readonly charges: readonly LedgerCharge[];
  readonly usage: readonly LedgerUsage[];
}

/** Where a batch becomes durable: whole or not at all, in the order given. */
export interface LedgerSink {
  /** Calls `done` once the batch survives what the durability setting promises. */
  append(batch: LedgerBatch, done: () => void): void;
}
