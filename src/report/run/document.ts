/** The report of a run: conclusions, charts, then tables of everything, and what it takes to run it again. */
import type { Results } from "../../results/results.ts";
import { reportCharts, type ReportCharts } from "../charts/all.ts";
import type { ChartStyle } from "../charts/frame.ts";
import { tierColour } from "../charts/palette.ts";
import {
  type Block,
  charts,
  type ReportDocument,
  type Section,
  section,
  tables,
  texts,
  type TierVerdict,
} from "../document.ts";
import {
  attributionWords,
  eventWords,
  extrapolationWords,
  fairnessWords,
  idleWords,
  scalingWords,
} from "../findings.ts";
import { keyFigures } from "../figures.ts";
import { formatCount, formatDuration, formatMs } from "../format.ts";
import { loadErrorTable, loadWords } from "../load.ts";
import { byTraffic } from "../order.ts";
import { largest, sparkline } from "../sparkline.ts";
import { cell, left, right, type Table } from "../table.ts";
import { costTable, eventTable, poolTables, replicaTable } from "../tables/platform.ts";
import { prefixTables } from "../tables/prefixes.ts";
import { rejectionTable, tenantTables, tierTables } from "../tables/subjects.ts";
import { capital, complianceSentence, headline, targetSentence } from "../verdict.ts";
import { priceWords } from "./costs.ts";
import { runAppendix } from "./appendix.ts";
import { runConclusions } from "./conclusions.ts";
import { intervalTable } from "./intervals.ts";

/** Rows of the table of sparklines: the busiest tenants. */
const SPARKLINES = 30;

/** Everything the report says about these results. */
export function runDocument(results: Results, style: ChartStyle): ReportDocument {
  return {
    title: results.scenario.name,
    question: results.scenario.description,
    headline: [headline(results), ...priceWords(results)].join(" "),
    facts: runFacts(results),
    verdicts: tierVerdicts(results, style),
    figures: keyFigures(results),
    conclusions: runConclusions(results),
    sections: [
      ...chartSections(results, reportCharts(results, style)),
      ...tableSections(results, style),
      ...section("appendix", "Appendix", runAppendix(results)),
    ],
  };
}

function chartSections(results: Results, drawn: ReportCharts): readonly Section[] {
  const { load } = results;
  return [
    ...section("latency", "Latency", charts(...drawn.latency)),
    ...section("over-time", "Over time", [...charts(...drawn.overTime), ...sparklines(results)]),
    ...section("money", "Money", [
      ...texts(idleWords(results), ...scalingWords(results)),
      ...(load === undefined ? texts(attributionWords(results)) : []),
      ...charts(...drawn.cost),
    ]),
    ...(load === undefined
      ? section("fairness", "Fairness", [
          ...texts(...fairnessWords(results)),
          ...charts(...drawn.fairness),
        ])
      : section("load", "Load", [...texts(...loadWords(load)), ...tables(loadErrorTable(load))])),
  ];
}

function tableSections(results: Results, { palette }: ChartStyle): readonly Section[] {
  const platform =
    results.load === undefined
      ? [
          ...section("events", "Events", [
            ...texts(eventWords(results)),
            ...tables(eventTable(results)),
          ]),
          ...section("pools", "Pools", [
            ...texts(...extrapolationWords(results)),
            ...tables(...poolTables(results), replicaTable(results)),
          ]),
        ]
      : [];
  return [
    ...section("tiers", "Tiers", tables(...tierTables(results, palette), intervalTable(results))),
    ...section("tenants", "Tenants", [
      ...tables(...tenantTables(results, palette), rejectionTable(results)),
      ...tables(costTable(results), ...prefixTables(results)),
    ]),
    ...platform,
  ];
}

function tierVerdicts(results: Results, { palette }: ChartStyle): readonly TierVerdict[] {
  return results.tiers.map((tier) => ({
    tier: capital(tier.name),
    colour: tierColour(results, palette, tier.name),
    verdict: tier.sla.verdict,
    targets: tier.sla.targets.map((target) => ({
      text: targetSentence(target),
      verdict: target.verdict,
    })),
    compliance: complianceSentence(tier.sla),
  }));
}

function runFacts(results: Results): readonly (readonly [string, string])[] {
  const { run, scenario, platform, load } = results;
  const warmup = run.warmupSeconds > 0 ? `, warm-up ${formatDuration(run.warmupSeconds)}` : "";
  const skipped = run.skippedTraceRows;
  return [
    [
      load === undefined ? "Simulated" : "Measured",
      `${formatDuration(run.simulatedSeconds)}${warmup}`,
    ],
    ...(load === undefined
      ? [["GPUs", formatCount(platform.gpus)] as const]
      : [["Server", load.url] as const]),
    ["Policy", results.policy],
    ["Seed", String(scenario.seed)],
    ...(skipped > 0 ? [["Trace rows skipped", formatCount(skipped)] as const] : []),
  ];
}

function sparklines(results: Results): readonly Block[] {
  const lines = new Map(results.timeline.tenants.map((line) => [line.name, line]));
  const shown = byTraffic(results.tenants).slice(0, SPARKLINES);
  if (shown.length === 0 || results.timeline.startS.length === 0) return [];
  const table: Table = {
    title: "Over time, per tenant",
    columns: [
      left("Tenant"),
      left("TTFT P99"),
      right("Highest"),
      left("Waiting"),
      right("Most waiting"),
    ],
    rows: shown.map(({ name }) => {
      const ttft = lines.get(name)?.ttftMsP99 ?? [];
      const queued = lines.get(name)?.queued ?? [];
      return [
        cell(name),
        cell(sparkline(ttft)),
        cell(formatMs(largest(ttft))),
        cell(sparkline(queued)),
        cell(formatCount(largest(queued))),
      ];
    }),
  };
  return [{ kind: "sparklines", table }];
}
