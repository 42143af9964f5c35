/** Entries of the ledger for tests, each field with a plain default, and streams gathered into lists. */
import type { LedgerCharge, LedgerUsage } from "../../../src/live/ledger.ts";

export const ALWAYS = { fromMs: 0, toMs: Date.UTC(2100, 0) };

const NOON = Date.UTC(2026, 10, 10, 12);

export function charge(given: Partial<LedgerCharge>): LedgerCharge {
  return {
    atMs: NOON,
    tenant: "a",
    request: "r-1",
    kind: "output",
    quantity: 7,
    amountNanoUsd: 1400,
    isEstimate: false,
    ...given,
  };
}

export function usage(given: Partial<LedgerUsage>): LedgerUsage {
  return {
    request: "r-1",
    tenant: "a",
    pool: "shared",
    adapter: undefined,
    arrivedMs: NOON - 50.5,
    endedMs: NOON,
    ttftMs: 20.25,
    promptTokens: 100,
    cachedTokens: 16,
    outputTokens: 7,
    outcome: "completed",
    ...given,
  };
}

/** All the pages of a stream in one list. */
export async function gathered<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}
