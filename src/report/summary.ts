/**
 * The summary that a terminal shows after a run: tiers, tenants, and the platform's figures, as plain rows of text that
 * fit 100 columns with the borders and padding of cli-table3. Control characters in names are replaced, so that a name
 * cannot steer the terminal.
 */
import type { Results, SlaBlock, TenantResult, TierResult } from "../results/results.ts";
import {
  formatCount,
  formatLimitMs,
  formatMs,
  formatMsBeside,
  formatNumber,
  formatPercent,
  formatShare,
  formatUsd,
  MISSING,
} from "./format.ts";
import { byTraffic } from "./order.ts";
import { targetName, type Verdict } from "./verdict.ts";

interface SummaryTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Columns of a terminal the tables must fit, borders included. */
export const SUMMARY_WIDTH = 100;

/** Tenants shown; the others are counted in a last row. */
const TENANTS = 20;

/** A name is never cut below this. */
const LEAST_NAME = 8;

const SHORT_VERDICTS: Readonly<Record<Verdict, string>> = {
  met: "met",
  missed: "missed",
  "not-enough-data": "no data",
};

/** The three tables of the summary: tiers, tenants (busiest first where there are many), platform. */
export function summaryTables(results: Results): readonly SummaryTable[] {
  return [tierSummary(results), tenantSummary(results), platformSummary(results)].map(fitted);
}

function tierSummary(results: Results): SummaryTable {
  return {
    title: "Tiers",
    head: ["Tier", "Requests", "TTFT P50", "TTFT P99", "Target", "Compliance", "SLA", "Cost"],
    rows: results.tiers.map((tier) => [
      tier.name,
      formatCount(tier.counts.arrived),
      formatMs(tier.latency.ttftMs.p50),
      tailOf(tier),
      targetOf(tier.sla),
      formatPercent(tier.sla.compliance),
      SHORT_VERDICTS[tier.sla.verdict],
      formatUsd(tier.costUsd),
    ]),
  };
}

function tenantSummary(results: Results): SummaryTable {
  const tenants =
    results.tenants.length > TENANTS
      ? byTraffic(results.tenants).slice(0, TENANTS)
      : results.tenants;
  const head = ["Tenant", "Tier", "Requests", "TTFT P50", "TTFT P99", "Compliance", "SLA", "Cost"];
  const rows = tenants.map((tenant) => [
    tenant.name,
    tenant.tier,
    formatCount(tenant.counts.arrived),
    formatMs(tenant.latency.ttftMs.p50),
    tailOf(tenant),
    formatPercent(tenant.sla.compliance),
    SHORT_VERDICTS[tenant.sla.verdict],
    formatUsd(tenant.cost.totalUsd),
  ]);
  const others = results.tenants.length - tenants.length;
  const last =
    others === 0 ? [] : [[`${formatCount(others)} more`, ...head.slice(1).map(() => "…")]];
  return { title: "Tenants", head, rows: [...rows, ...last] };
}

function platformSummary({ platform, attribution, fairness }: Results): SummaryTable {
  const { utilization } = platform;
  const shares = [utilization.busy, utilization.mfu, utilization.memoryBandwidth];
  const [busy, mfu, bandwidth] = shares.map((share) => formatShare(share));
  return {
    title: "Platform",
    head: ["Measure", "Value"],
    rows: [
      ["Requests arrived / completed / rejected", requestsOf(platform.counts)],
      ["Utilization busy / MFU / memory bandwidth", `${busy} / ${mfu} / ${bandwidth}`],
      [
        "Attribution accuracy (by 1/batch)",
        `${formatPercent(attribution.accuracy)} (${formatPercent(attribution.accuracyByBatchShare)})`,
      ],
      ["Fairness (Jain's index)", formatNumber(fairness.jainIndex, 4)],
      ["GPUs, GPU hours", `${formatCount(platform.gpus)}, ${formatNumber(platform.gpuHours, 4)}`],
      ["GPU cost, of it idle", `${formatUsd(platform.gpuUsd)}, ${formatUsd(platform.idleUsd)}`],
      ["Cost per million tokens", formatUsd(platform.usdPerMillionTokens)],
    ],
  };
}

function requestsOf({ arrived, completed, rejected }: Results["platform"]["counts"]): string {
  return [arrived, completed, rejected].map(formatCount).join(" / ");
}

/** TTFT P99, with the digits it takes to tell it from the target. */
function tailOf({ latency, sla }: TierResult | TenantResult): string {
  const target = sla.targets.find((one) => one.metric === "ttft" && one.percentile === 99);
  const p99 = latency.ttftMs.p99;
  return target === undefined ? formatMs(p99) : formatMsBeside(p99, target.limitMs);
}

/** The TTFT target, or else the first; its name only where it is not the column's P99. */
function targetOf(sla: SlaBlock): string {
  const target = sla.targets.find((one) => one.metric === "ttft") ?? sla.targets[0];
  if (target === undefined) return MISSING;
  const name = targetName(target);
  return name === "TTFT P99"
    ? formatLimitMs(target.limitMs)
    : `${name} ${formatLimitMs(target.limitMs)}`;
}

/** Cleans every text, then cuts the first columns, widest names first, until the table fits. */
function fitted(table: SummaryTable): SummaryTable {
  let rows = table.rows.map((row) => row.map(cleaned));
  for (const column of [0, 1]) {
    const excess = tableWidth([table.head, ...rows]) - SUMMARY_WIDTH;
    if (excess <= 0) break;
    const width = Math.max(LEAST_NAME, columnWidth([table.head, ...rows], column) - excess);
    rows = rows.map((row) =>
      row.map((text, index) => (index === column ? cut(text, width) : text)),
    );
  }
  return { ...table, rows };
}

/** Width as cli-table3 draws it: a space on both sides of each text, and a border around each column. */
export function tableWidth(rows: readonly (readonly string[])[]): number {
  const columns = rows[0]?.length ?? 0;
  let width = columns + 1;
  for (let column = 0; column < columns; column++) width += columnWidth(rows, column) + 2;
  return width;
}

function columnWidth(rows: readonly (readonly string[])[], column: number): number {
  return rows.reduce((widest, row) => Math.max(widest, Array.from(row[column] ?? "").length), 0);
}

function cut(text: string, width: number): string {
  const characters = Array.from(text);
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join("")}…`;
}

function cleaned(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
}
