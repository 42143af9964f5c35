/**
 * Bills as CSV, for a spreadsheet or a billing system: one row per tenant and kind of cost, then a total per tenant.
 * Amounts are US dollars with every digit down to the nano-dollar and no grouping.
 */
import type { CostBlock, Results, TenantResult } from "../results/results.ts";
import { csvText } from "./csv.ts";
import { formatExactUsd } from "./format.ts";

/** Null: unknown to whoever measured, and left out of the file. */
const KINDS: readonly (readonly [kind: string, usd: (cost: CostBlock) => number | null])[] = [
  ["gpu", (cost) => cost.gpuUsd],
  ["input-tokens", (cost) => cost.inputTokensUsd],
  ["cached-input-tokens", (cost) => cost.cachedInputTokensUsd],
  ["output-tokens", (cost) => cost.outputTokensUsd],
  ["adapters", (cost) => cost.adaptersUsd],
  ["idle", (cost) => cost.idleUsd],
  ["total", (cost) => cost.totalUsd],
];

/** Renders bills.csv: header `tenant,tier,kind,usd`, RFC 4180 quoting, lines ended by CRLF. */
export function billsCsv(results: Results): string {
  const rows = results.tenants.flatMap(billRows);
  return csvText([["tenant", "tier", "kind", "usd"], ...rows]);
}

function billRows(tenant: TenantResult): readonly (readonly string[])[] {
  const { name, tier } = tenant;
  return KINDS.flatMap(([kind, usd]) => {
    const amount = usd(tenant.cost);
    return amount === null ? [] : [[name, tier, kind, formatExactUsd(amount)]];
  });
}
