/**
 * The report before it has a form: what it says, in which order. The page and the Markdown both print this document, so
 * they cannot disagree; charts are for the page, sparklines for the Markdown.
 */
import type { LoadBlock, Results } from "../results/results.ts";
import { type ReportCharts, reportCharts } from "./charts/all.ts";
import type { Chart, ChartStyle } from "./charts/frame.ts";
import { tierColour } from "./charts/palette.ts";
import { DEFINITIONS, type Definition } from "./definitions.ts";
import {
  attributionWords,
  eventWords,
  fairnessWords,
  idleWords,
  scalingWords,
} from "./findings.ts";
import { keyFigures, type KeyFigure } from "./figures.ts";
import { formatCount, formatDuration, formatMs } from "./format.ts";
import { loadErrorTable, loadWords } from "./load.ts";
import { byTraffic } from "./order.ts";
import { largest, sparkline } from "./sparkline.ts";
import { cell, left, right, type Table } from "./table.ts";
import { costTable, eventTable, poolTables, replicaTable } from "./tables/platform.ts";
import { prefixTables } from "./tables/prefixes.ts";
import { rejectionTable, tenantTables, tierTables } from "./tables/subjects.ts";
import { capital, complianceSentence, headline, targetSentence, type Verdict } from "./verdict.ts";

export type Block =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "table"; readonly table: Table }
  | { readonly kind: "sparklines"; readonly table: Table }
  | { readonly kind: "charts"; readonly charts: readonly Chart[] }
  | { readonly kind: "definitions"; readonly definitions: readonly Definition[] };

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly blocks: readonly Block[];
}

export interface TierVerdict {
  readonly tier: string;
  readonly colour: string;
  readonly verdict: Verdict;
  readonly targets: readonly { readonly text: string; readonly verdict: Verdict }[];
  readonly compliance: string;
}

export interface ReportDocument {
  readonly title: string;
  readonly question: string;
  readonly headline: string;
  readonly facts: readonly (readonly [label: string, value: string])[];
  readonly verdicts: readonly TierVerdict[];
  readonly figures: readonly KeyFigure[];
  readonly sections: readonly Section[];
}

/** Rows of the table of sparklines: the busiest tenants. */
const SPARKLINES = 30;

/** Everything the report says about these results. */
export function reportDocument(results: Results, style: ChartStyle): ReportDocument {
  return {
    title: results.scenario.name,
    question: results.scenario.description,
    headline: headline(results),
    facts: runFacts(results),
    verdicts: tierVerdicts(results, style),
    figures: keyFigures(results),
    sections: sections(results, style).filter((section) => section.blocks.length > 0),
  };
}

function sections(results: Results, style: ChartStyle): readonly Section[] {
  const charts = reportCharts(results, style);
  const { palette } = style;
  return [
    { id: "tiers", title: "Tiers", blocks: tables(...tierTables(results, palette)) },
    {
      id: "tenants",
      title: "Tenants",
      blocks: tables(...tenantTables(results, palette), rejectionTable(results)),
    },
    { id: "latency", title: "Latency", blocks: chartBlock(charts.latency) },
    {
      id: "over-time",
      title: "Over time",
      blocks: [...chartBlock(charts.overTime), ...sparklines(results)],
    },
    {
      id: "cost",
      title: "Cost",
      blocks: [
        ...texts(idleWords(results), ...scalingWords(results)),
        ...(results.load === undefined ? texts(attributionWords(results)) : []),
        ...chartBlock(charts.cost),
        ...tables(costTable(results), ...prefixTables(results)),
      ],
    },
    ...(results.load === undefined
      ? insideSections(results, charts)
      : [{ id: "load", title: "Load", blocks: loadBlocks(results.load) }]),
    { id: "appendix", title: "Appendix", blocks: appendix(results) },
  ];
}

/** What only somebody inside the platform can know. */
function insideSections(results: Results, charts: ReportCharts): readonly Section[] {
  return [
    {
      id: "fairness",
      title: "Fairness",
      blocks: [...texts(...fairnessWords(results)), ...chartBlock(charts.fairness)],
    },
    {
      id: "events",
      title: "Events",
      blocks: [...texts(eventWords(results)), ...tables(eventTable(results))],
    },
    {
      id: "pools",
      title: "Pools and replicas",
      blocks: tables(...poolTables(results), replicaTable(results)),
    },
  ];
}

function loadBlocks(load: LoadBlock): readonly Block[] {
  return [...texts(...loadWords(load)), ...tables(loadErrorTable(load))];
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

function appendix(results: Results): readonly Block[] {
  const { scenario } = results;
  const provenance: Table = {
    title: "Where this comes from",
    columns: [left("What"), left("Value")],
    rows: [
      [cell("Scenario"), cell(scenario.name)],
      [cell("Scenario hash"), cell(scenario.hash)],
      [cell("Seed"), cell(String(scenario.seed))],
      [cell("Tenantry version"), cell(results.tenantryVersion)],
      [cell("Results schema"), cell(String(results.schemaVersion))],
    ],
  };
  const isLoad = results.load !== undefined;
  const rerun = isLoad
    ? "The same scenario file and seed send the same requests at the same times; what the server makes of them is its own. To run it again:"
    : "The same scenario file, seed and version give the same results, byte for byte, on any machine with the same version of Node. To run it again:";
  const command = isLoad
    ? `tenantry load <scenario file> --url <server> --seed ${scenario.seed}`
    : `tenantry simulate <scenario file> --seed ${scenario.seed}`;
  return [
    ...tables(provenance),
    ...texts(rerun),
    { kind: "code", text: command },
    { kind: "definitions", definitions: Object.values(DEFINITIONS) },
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

function tables(...list: readonly (Table | undefined)[]): readonly Block[] {
  return list.filter((table) => table !== undefined).map((table) => ({ kind: "table", table }));
}

function texts(...list: readonly string[]): readonly Block[] {
  return list.map((text) => ({ kind: "text", text }));
}

function chartBlock(charts: readonly Chart[]): readonly Block[] {
  return charts.length === 0 ? [] : [{ kind: "charts", charts }];
}
