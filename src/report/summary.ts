/**
 * The summary that a terminal shows after a run: tiers, tenants, and the platform's figures, as plain rows of text that
 * fit 100 columns with the borders and padding of cli-table3. Control characters in names are replaced, so that a name
 * cannot steer the terminal.
 */
import type { LoadBlock, Results, SlaBlock, TenantResult, TierResult } from "../results/results.ts";
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

/** A table of plain text, as a terminal shows it. */
export interface SummaryTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Columns of a terminal the tables must fit. */
export const SUMMARY_WIDTH = 80;

/** Tenants shown; the others are counted in a last row. */
const TENANTS = 20;

/** Names in the first and second column are never cut below these: a tenant's or tier's, and a tenant's tier. */
const LEAST_NAMES = [5, 6] as const;

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
    title: "Tiers: TTFT, and requests within quota that met every target",
    head: ["Tier", "Arrived", "Denied", "P50", "P99", "Target", "Kept", "SLA", "Cost"],
    rows: results.tiers.map((tier) => [
      tier.name,
      formatCount(tier.counts.arrived),
      formatCount(tier.counts.rejected),
      formatMs(tier.latency.ttftMs.p50),
      tailOf(tier),
      targetOf(tier.sla),
      formatPercent(tier.sla.complianceOwed),
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
  const head = ["Tenant", "Tier", "Arrived", "Denied", "P50", "P99", "Kept", "SLA", "Cost"];
  const rows = tenants.map((tenant) => [
    tenant.name,
    tenant.tier,
    formatCount(tenant.counts.arrived),
    formatCount(tenant.counts.rejected),
    formatMs(tenant.latency.ttftMs.p50),
    tailOf(tenant),
    formatPercent(tenant.sla.complianceOwed),
    SHORT_VERDICTS[tenant.sla.verdict],
    formatUsd(tenant.cost.totalUsd),
  ]);
  const others = results.tenants.length - tenants.length;
  const last =
    others === 0 ? [] : [[`${formatCount(others)} more`, ...head.slice(1).map(() => "…")]];
  return { title: "Tenants", head, rows: [...rows, ...last] };
}

/** What busy hides: throughput against that of the same fleet with every queue backlogged. */
function saturationRow({ platform: { saturation } }: Results): [string, string][] {
  if (saturation === null) return [];
  const { meanShare, peakShare } = saturation;
  return [
    [
      "Throughput / saturation, mean and at the peak",
      `${formatShare(meanShare)}, ${formatShare(peakShare)}`,
    ],
  ];
}

function platformSummary(results: Results): SummaryTable {
  const { platform, attribution, fairness, load, run } = results;
  if (load !== undefined) return loadSummary(results, load);
  const { utilization } = platform;
  const shares = [utilization?.busy, utilization?.mfu, utilization?.memoryBandwidth];
  const [busy, mfu, bandwidth] = shares.map((share) => formatShare(share ?? null));
  return {
    title: "Platform",
    head: ["Measure", "Value"],
    rows: [
      ["Requests arrived / completed / rejected", requestsOf(platform.counts)],
      ...(run.skippedTraceRows === 0
        ? []
        : [["Broken trace rows left out", formatCount(run.skippedTraceRows)]]),
      ["Utilization busy / MFU / memory bandwidth", `${busy} / ${mfu} / ${bandwidth}`],
      ...saturationRow(results),
      ...(platform.counts.cachedPromptTokens === 0 ? [] : [prefixRow(platform)]),
      [
        "Attribution accuracy (by 1/batch)",
        `${formatPercent(attribution.accuracy)} (${formatPercent(attribution.accuracyByBatchShare)})`,
      ],
      ["Fairness (Jain's index)", formatNumber(fairness.jainIndex, 4)],
      ["GPUs, GPU hours", `${formatCount(platform.gpus)}, ${formatNumber(platform.gpuHours, 4)}`],
      ["GPU cost, of it idle", `${formatUsd(platform.gpuUsd)}, ${formatUsd(platform.idleUsd)}`],
      ["GPU cost per million tokens", formatUsd(platform.usdPerMillionTokens)],
    ],
  };
}

function prefixRow({ counts, cacheSavedUsd }: Results["platform"]): string[] {
  const found = `${formatShare(counts.prefixHitRate)}, ${formatUsd(cacheSavedUsd)}`;
  return ["Prefix cache: hit rate, saved on token prices", found];
}

/** What a client knows of the platform, and how far its figures are to be trusted. */
function loadSummary({ platform }: Results, load: LoadBlock): SummaryTable {
  const { counts, revenueUsd } = platform;
  return {
    title: "Load",
    head: ["Measure", "Value"],
    rows: [
      ["Requests arrived / completed / rejected", requestsOf(counts)],
      ["Failed / cancelled", `${formatCount(counts.failed)} / ${formatCount(counts.cancelled)}`],
      ["Billed for tokens", formatUsd(revenueUsd)],
      ["Most in flight", formatCount(load.mostInFlight)],
      ["Sent late, P50 / P99", `${formatMs(load.sendLagMs.p50)} / ${formatMs(load.sendLagMs.p99)}`],
      ["Read late, P99", formatMs(load.loopLagMsP99)],
      ["Kept up", load.keptUp ? "yes" : "NO"],
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
  for (const [column, least] of LEAST_NAMES.entries()) {
    const excess = tableWidth([table.head, ...rows]) - SUMMARY_WIDTH;
    if (excess <= 0) break;
    const width = Math.max(least, columnWidth([table.head, ...rows], column) - excess);
    rows = rows.map((row) =>
      row.map((text, index) => (index === column ? cut(text, width) : text)),
    );
  }
  return { ...table, rows };
}

/** Width as it is printed: two spaces between columns, and no borders. */
export function tableWidth(rows: readonly (readonly string[])[]): number {
  const columns = rows[0]?.length ?? 0;
  let width = -2;
  for (let column = 0; column < columns; column++) width += columnWidth(rows, column) + 2;
  return width;
}

function columnWidth(rows: readonly (readonly string[])[], column: number): number {
  return rows.reduce((widest, row) => Math.max(widest, Array.from(row[column] ?? "").length), 0);
}

/** The first characters of a text that is too long. */
export function cut(text: string, width: number): string {
  const characters = Array.from(text);
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join("")}…`;
}

/** Without the characters that steer a terminal. */
export function cleaned(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
}
