/** The forms of a comparison of policies: a page that needs nothing else, Markdown, CSV, and tables for a terminal. */
import type { ChartStyle } from "../charts/frame.ts";
import { csvText, type CsvValue } from "../csv.ts";
import { DEFINITIONS } from "../definitions.ts";
import { charts, type ReportDocument, section, tables, texts } from "../document.ts";
import {
  formatCount,
  formatDuration,
  formatNumber,
  formatPercent,
  formatRate,
  formatShare,
  formatTimes,
  formatUsd,
} from "../format.ts";
import type { Report } from "../report.ts";
import { cleaned, type SummaryTable } from "../summary.ts";
import { capital, VERDICT_WORDS } from "../verdict.ts";
import { gpuChart, missChart, ttftChart } from "./charts.ts";
import type { PolicyComparison, PolicyRow } from "./policies.ts";
import { platformTable, promiseTable, secondsText, smallestTable, ttftText } from "./tables.ts";
import {
  policyHeadline,
  policyName,
  policyNotes,
  sharedGpusText,
  smallestDetail,
} from "./words.ts";

export function policiesReport(comparison: PolicyComparison): Report {
  return {
    name: comparison.scenario.name,
    tenantryVersion: comparison.tenantryVersion,
    origin: "simulations. Equal scenario, seed and version give an equal page.",
    document: (style) => policiesDocument(comparison, style),
    csv: () => policiesCsv(comparison),
  };
}

function policiesDocument(comparison: PolicyComparison, style: ChartStyle): ReportDocument {
  const { scenario, setting, simulatedSeconds, policies } = comparison;
  const { seeds, sharedGpus, otherGpus } = setting;
  const sections = [
    ...section("smallest", "Smallest platform", [
      ...charts(gpuChart(comparison, style)),
      ...tables(smallestTable(comparison)),
    ]),
    ...section("promises", "Promises", [
      ...charts(ttftChart(comparison, style), missChart(comparison, style)),
      ...tables(promiseTable(comparison)),
    ]),
    ...section("platform", "Fairness and cost", tables(platformTable(comparison))),
    ...section("notes", "How to read this", [
      ...texts(...policyNotes(comparison)),
      { kind: "definitions", definitions: DEFINED },
    ]),
  ];
  return {
    title: `${scenario.name}: policies compared`,
    question: "",
    headline: policyHeadline(comparison),
    facts: [
      ["Simulated", `${policies.length} ways, ${formatDuration(simulatedSeconds)} each`],
      ["Seeds", seeds.length === 1 ? String(seeds[0]) : `${seeds[0]} to ${seeds.at(-1)}`],
      ["Shared GPUs", formatCount(sharedGpus)],
      ...(otherGpus > 0 ? [["Other GPUs", formatCount(otherGpus)] as const] : []),
    ],
    verdicts: [],
    figures: [],
    conclusions: [],
    sections,
  };
}

const DEFINED = [
  DEFINITIONS.ttft,
  DEFINITIONS.quantiles,
  DEFINITIONS.verdict,
  DEFINITIONS.compliance,
  DEFINITIONS.goodput,
  DEFINITIONS.jain,
  DEFINITIONS.utilization,
  DEFINITIONS.mfu,
];

const CSV_FIGURES: readonly (readonly [string, (row: PolicyRow) => number | null])[] = [
  ["service_gap", (row) => row.serviceGap],
  ["service_gap_bound", (row) => row.serviceGapBound],
  ["jain_index", (row) => row.jainIndex],
  ["preemptions", (row) => row.preemptions],
  ["recomputed_tokens", (row) => row.recomputedTokens],
  ["recomputed_gpu_seconds", (row) => row.recomputedGpuSeconds],
  ["usd_per_million_tokens", (row) => row.usdPerMillionTokens],
  ["busy", (row) => row.busy],
  ["mfu", (row) => row.mfu],
];

/** A row per policy, with every digit. */
function policiesCsv({ tiers, policies }: PolicyComparison): string {
  const head = [
    "policy",
    ...tiers.flatMap(({ name }) => [
      `${name}_sla`,
      `${name}_compliance_owed`,
      `${name}_ttft_ms_p99`,
      `${name}_goodput_per_s`,
    ]),
    ...CSV_FIGURES.map(([name]) => name),
    "smallest",
    "smallest_shared_gpus",
    "smallest_total_gpus",
    "smallest_replicas",
  ];
  return csvText([head, ...policies.map(csvRow)]);
}

function csvRow(row: PolicyRow): readonly CsvValue[] {
  const { smallest } = row;
  return [
    row.name,
    ...row.tiers.flatMap((tier): readonly CsvValue[] => [
      row.isRun ? tier.verdict : null,
      tier.complianceOwed,
      tier.ttftMsP99,
      tier.goodputPerS,
    ]),
    ...CSV_FIGURES.map(([, of]) => of(row)),
    smallest?.kind ?? null,
    smallest?.kind === "found" ? smallest.gpus : null,
    row.totalGpus,
    smallest?.kind === "found" ? smallestDetail(row) : null,
  ];
}

/** The tables for a terminal of 80 columns. */
export function policiesTables(comparison: PolicyComparison): readonly SummaryTable[] {
  const { tiers, policies } = comparison;
  return [
    ...tiers.map(
      ({ name, ttftLimitMs }, at): SummaryTable => ({
        title: capital(cleaned(name)),
        head: ["Policy", "SLA", "Kept", "TTFT P99", "Goodput"],
        rows: policies.flatMap((row) => {
          const tier = row.tiers[at];
          if (tier === undefined || !row.isRun) return [];
          return [
            [
              policyName(row.name),
              VERDICT_WORDS[tier.verdict],
              formatPercent(tier.complianceOwed),
              ttftText(tier, ttftLimitMs),
              formatRate(tier.goodputPerS),
            ],
          ];
        }),
      }),
    ),
    {
      title: "Fairness, work lost, cost",
      head: ["Policy", "Gap/bound", "Jain", "Evicted", "Again", "GPU", "$/M", "Busy"],
      rows: policies.filter(({ isRun }) => isRun).map(platformRow),
    },
    ...(policies.every(({ smallest }) => smallest === null)
      ? []
      : [
          {
            title: "Fewest GPUs that keep every promise",
            head: ["Policy", "Shared GPUs", "Total GPUs"],
            rows: policies.map((row) => [
              policyName(row.name),
              sharedGpusText(row),
              formatCount(row.totalGpus),
            ]),
          },
        ]),
  ];
}

function platformRow(row: PolicyRow): readonly string[] {
  return [
    policyName(row.name),
    gapText(row),
    formatNumber(row.jainIndex, 3),
    shortCount(row.preemptions),
    shortCount(row.recomputedTokens),
    secondsText(row.recomputedGpuSeconds),
    formatUsd(row.usdPerMillionTokens),
    formatShare(row.busy),
  ];
}

/** The service gap as a multiple of its bound. */
function gapText({ serviceGap: gap, serviceGapBound: bound }: PolicyRow): string {
  return formatTimes(gap === null || bound === null || bound === 0 ? null : gap / bound);
}

/** "812", "12.3 k", "4.56 M": as wide as a terminal has room for. */
function shortCount(value: number | null): string {
  if (value === null || value < 10_000) return formatCount(value);
  return value < 1e6 ? `${formatNumber(value / 1000)} k` : `${formatNumber(value / 1e6)} M`;
}
