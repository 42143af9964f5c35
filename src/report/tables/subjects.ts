/**
 * The summary tables: latency, and counts with compliance, for tiers and for tenants. The two are the same table over two
 * kinds of subject, so that a tenant's figures stand under the same columns as its tier's.
 */
import type {
  CountBlock,
  Distribution,
  LatencyBlock,
  Results,
  SlaBlock,
  TargetResult,
  TenantResult,
  TierResult,
} from "../../results/results.ts";
import { tierColour, type Palette } from "../charts/palette.ts";
import { DEFINITIONS } from "../definitions.ts";
import {
  formatCount,
  formatMs,
  formatMsBeside,
  formatObjective,
  formatPercent,
  formatRate,
  formatUsd,
} from "../format.ts";
import {
  cell,
  left,
  right,
  toned,
  type Cell,
  type Column,
  type Table,
  type Tone,
} from "../table.ts";
import { VERDICT_WORDS, type Verdict } from "../verdict.ts";

interface Subject {
  readonly result: TierResult | TenantResult;
  /** The cells that name it. */
  readonly names: readonly Cell[];
  readonly costUsd: number;
}

const VERDICT_TONES: Readonly<Record<Verdict, Tone>> = {
  met: "good",
  missed: "bad",
  "not-enough-data": "muted",
};
const VERDICT_MARKS: Readonly<Record<Verdict, string>> = {
  met: "✓ ",
  missed: "✗ ",
  "not-enough-data": "",
};
const NO_FINISHED = "No completed request to judge.";
const NO_BUDGET = "No completed request to judge, or an objective of 100 %, which has no budget.";

/** The two tables over tiers: latency, then requests and compliance. */
export function tierTables(results: Results, palette: Palette): readonly Table[] {
  const subjects = results.tiers.map((tier) => ({
    result: tier,
    names: [tierCell(results, palette, tier.name)],
    costUsd: tier.costUsd,
  }));
  const columns = [left("Tier")];
  return [
    latencyTable("Latency per tier", columns, subjects),
    outcomeTable("Requests and compliance per tier", columns, subjects),
  ];
}

/** The same two tables over tenants, in the order of the results. */
export function tenantTables(results: Results, palette: Palette): readonly Table[] {
  const subjects = results.tenants.map((tenant) => ({
    result: tenant,
    names: [cell(tenant.name), tierCell(results, palette, tenant.tier)],
    costUsd: tenant.cost.totalUsd,
  }));
  const columns = [left("Tenant"), left("Tier")];
  return [
    latencyTable("Latency per tenant", columns, subjects),
    outcomeTable("Requests and compliance per tenant", columns, subjects),
  ];
}

/** Rejections by reason, one row per tenant and reason; undefined when nothing was rejected. */
export function rejectionTable(results: Results): Table | undefined {
  const rows = results.tenants.flatMap((tenant) =>
    tenant.counts.rejectedByReason.map((entry) => [
      cell(tenant.name),
      cell(entry.reason),
      cell(formatCount(entry.count)),
      cell(formatPercent(entry.count / Math.max(1, tenant.counts.arrived))),
    ]),
  );
  if (rows.length === 0) return undefined;
  return {
    title: "Rejections by reason",
    columns: [left("Tenant"), left("Reason"), right("Rejected"), right("Of its requests")],
    rows,
  };
}

/** "✓ met" and its siblings, coloured and never by colour alone. */
function verdictCell(verdict: Verdict): Cell {
  return toned(`${VERDICT_MARKS[verdict]}${VERDICT_WORDS[verdict]}`, VERDICT_TONES[verdict]);
}

function latencyTable(
  title: string,
  nameColumns: readonly Column[],
  subjects: readonly Subject[],
): Table {
  const metrics = [DEFINITIONS.ttft, DEFINITIONS.tpot, DEFINITIONS.e2e, DEFINITIONS.queue];
  return {
    title,
    columns: [
      ...nameColumns,
      left("SLA", DEFINITIONS.verdict.meaning),
      ...metrics.flatMap(({ term, meaning }) => [
        right(`${term} P50`, meaning),
        right(`${term} P99`, meaning),
      ]),
    ],
    rows: subjects.map(({ names, result }) => [
      ...names,
      verdictCell(result.sla.verdict),
      ...latencyCells(result.latency, result.sla),
    ]),
  };
}

function latencyCells(latency: LatencyBlock, sla: SlaBlock): readonly Cell[] {
  const metrics: readonly (readonly [TargetResult["metric"], Distribution])[] = [
    ["ttft", latency.ttftMs],
    ["tpot", latency.tpotMs],
    ["e2e", latency.e2eMs],
    ["queue", latency.queueMs],
  ];
  return metrics.flatMap(([metric, times]) => [
    timeCell(times.p50, sla, metric, 50),
    timeCell(times.p99, sla, metric, 99),
  ]);
}

/** A time, marked where the target set on just this quantile was missed. */
function timeCell(
  ms: number | null,
  sla: SlaBlock,
  metric: TargetResult["metric"],
  percentile: number,
): Cell {
  const target = sla.targets.find((one) => one.metric === metric && one.percentile === percentile);
  if (target === undefined || ms === null) return cell(formatMs(ms));
  const text = formatMsBeside(ms, target.limitMs);
  return target.verdict === "missed" ? toned(text, "bad", "Above its target.") : cell(text);
}

function outcomeTable(
  title: string,
  nameColumns: readonly Column[],
  subjects: readonly Subject[],
): Table {
  return {
    title,
    columns: [
      ...nameColumns,
      right("Arrived"),
      right("Completed"),
      right("Rejected"),
      right("Failed"),
      right("Cancelled"),
      right("Preempted", "Times a running request was evicted and queued again."),
      right("Compliance", DEFINITIONS.compliance.meaning),
      right("With rejections", DEFINITIONS.compliance.meaning),
      right("Objective"),
      right("Error budget used", DEFINITIONS.errorBudget.meaning),
      right("Goodput", DEFINITIONS.goodput.meaning),
      right("Cost"),
    ],
    rows: subjects.map(({ names, result, costUsd }) => [
      ...names,
      ...countCells(result.counts),
      ...complianceCells(result.sla),
      cell(formatUsd(costUsd)),
    ]),
  };
}

function countCells(counts: CountBlock): readonly Cell[] {
  const { arrived, completed, rejected, failed, cancelled, preemptions } = counts;
  const cells = [arrived, completed, rejected, failed, cancelled, preemptions];
  return cells.map((count) => (count === 0 ? toned("0", "muted") : cell(formatCount(count))));
}

function complianceCells(sla: SlaBlock): readonly Cell[] {
  const short = sla.compliance !== null && sla.compliance < sla.objective;
  const burnt = sla.errorBudgetBurn !== null && sla.errorBudgetBurn > 1;
  const compliance = formatPercent(sla.compliance);
  const burn = formatPercent(sla.errorBudgetBurn, 0);
  return [
    short ? toned(compliance, "bad", "Below its objective.") : cell(compliance, NO_FINISHED),
    cell(formatPercent(sla.complianceWithRejections), NO_FINISHED),
    cell(formatObjective(sla.objective)),
    burnt ? toned(burn, "bad", "Overspent.") : cell(burn, NO_BUDGET),
    cell(formatRate(sla.goodputPerS)),
  ];
}

function tierCell(results: Results, palette: Palette, tier: string): Cell {
  return { text: tier, tone: "plain", swatch: tierColour(results, palette, tier) };
}
