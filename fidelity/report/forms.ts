/** The errors as files: a page that needs nothing else, Markdown that holds no measured value, and CSV with every digit. */
import type { Chart, ChartStyle } from "../../src/report/charts/frame.ts";
import { LIGHT, PAGE_PALETTE } from "../../src/report/charts/palette.ts";
import { csvText, type CsvValue } from "../../src/report/csv.ts";
import { DEFINITIONS } from "../../src/report/definitions.ts";
import type { Block, ReportDocument, Section } from "../../src/report/document.ts";
import { formatCount } from "../../src/report/format.ts";
import { htmlPage } from "../../src/report/html/page.ts";
import { markdownOf } from "../../src/report/markdown.ts";
import { cell, left, type Table } from "../../src/report/table.ts";
import { HEADLINE, summaryOf, wholeCells } from "../errors.ts";
import type { Evaluated } from "../evaluate.ts";
import { type Excluded, METRICS } from "../measured.ts";
import { loadErrorChart, runErrorChart, scatterCharts } from "./charts.ts";
import { figureName, percentText, signedPercent } from "./labels.ts";
import { accuracyTable, groupTables, memoryTable, overloadTable, runTable } from "./tables.ts";
import { headlineWords, weaknessWords } from "./words.ts";

export interface Fidelity {
  readonly evaluated: readonly Evaluated[];
  /** The same runs, each model's with constants fitted to the others; undefined where there is one model. */
  readonly leftOut: readonly Evaluated[] | undefined;
  readonly excluded: readonly Excluded[];
  readonly version: string;
}

const METHOD = [
  "Every run is written as a scenario, with the engine's own knobs, and simulated as any other: one pool, first come first served, arrivals as recorded or Poisson at the stage's rate (three draws together), clients that give up after 300 s. A hundred prompts repeat in turn, as the recorded prompt lengths do.",
  "TPOT is (E2E − TTFT) / (output tokens − 1) with the configured output length on both sides: recorded output lengths are re-tokenised text and tell nothing about the time taken.",
  "A run counts once, by its figures as a whole. Three constants were fitted to such runs: what the engine adds to a layer, and two of its HTTP front; all others come from operator tables and data sheets (docs/model.md). Left out: the three fitted anew for each model without its own runs.",
];

/** Renders index.html. */
export function fidelityHtml(fidelity: Fidelity, vegaSource: string): string {
  const document = documentOf(fidelity, { palette: PAGE_PALETTE });
  const { version: tenantryVersion } = fidelity;
  const origin = "measured runs of vLLM on real GPUs beside their simulations.";
  return htmlPage(document, { vegaSource, tenantryVersion, origin });
}

/** Renders the page's words and errors as Markdown; measured values stay in the data folder. */
export function fidelityMarkdown(fidelity: Fidelity): string {
  const document = documentOf(fidelity, { palette: LIGHT });
  const sections = document.sections.filter(({ id }) => id !== "runs" && id !== "charts");
  return markdownOf({ ...document, sections });
}

function documentOf(fidelity: Fidelity, style: ChartStyle): ReportDocument {
  const { evaluated, leftOut, excluded } = fidelity;
  const requests = evaluated.reduce((sum, { prediction }) => sum + prediction.sent, 0);
  return {
    title: "How far off the predictions are",
    question: "Load tests of real serving engines, replayed through the simulator.",
    headline: headlineWords(evaluated, leftOut),
    facts: [
      ["Runs", formatCount(evaluated.length)],
      ["Requests", formatCount(requests)],
      ["GPUs", [...new Set(evaluated.map(({ run }) => run.gpu))].join(", ")],
      ["Left out", formatCount(excluded.length)],
    ],
    verdicts: [],
    figures: keyFigures(leftOut ?? evaluated),
    conclusions: [],
    sections: sectionsOf(fidelity, style).filter(({ blocks }) => blocks.length > 0),
  };
}

function keyFigures(evaluated: readonly Evaluated[]): ReportDocument["figures"] {
  return HEADLINE.flatMap((figure) => {
    const summary = summaryOf(wholeCells(evaluated, figure));
    if (summary === undefined) return [];
    return [
      {
        label: figureName(figure),
        values: [{ value: percentText(summary.medianAbsolute) }],
        detail: `Bias ${signedPercent(summary.medianSigned)}; allowed ${percentText(figure.most)}.`,
        hint: "Median over runs of the absolute error, each model predicted from the others; bias is the median of the signed one.",
      },
    ];
  });
}

function sectionsOf({ evaluated, leftOut, excluded }: Fidelity, style: ChartStyle): Section[] {
  return [
    {
      id: "accuracy",
      title: "Accuracy",
      blocks: [...tables(accuracyTable(evaluated, leftOut), overloadTable(evaluated))],
    },
    { id: "weak", title: "Where it is weak", blocks: texts(weaknessWords(evaluated)) },
    { id: "charts", title: "Charts", blocks: chartBlocks(evaluated, style) },
    {
      id: "groups",
      title: "By group",
      blocks: tables(...groupTables(evaluated), memoryTable(evaluated)),
    },
    {
      id: "runs",
      title: "Every run",
      blocks: tables(...METRICS.map((metric) => runTable(evaluated, metric))),
    },
    {
      id: "method",
      title: "How it was done",
      blocks: [
        ...texts(METHOD),
        ...tables(excludedTable(excluded)),
        { kind: "definitions", definitions: [DEFINITIONS.ttft, DEFINITIONS.tpot, DEFINITIONS.e2e] },
      ],
    },
  ];
}

function chartBlocks(evaluated: readonly Evaluated[], style: ChartStyle): Block[] {
  const steady = evaluated.some(({ run }) => !run.isOverload);
  if (!steady) return [];
  const small: readonly Chart[] = [
    ...scatterCharts(evaluated, style),
    loadErrorChart(evaluated, style),
  ];
  return [
    { kind: "charts", charts: small },
    { kind: "charts", charts: [runErrorChart(evaluated, style)] },
  ];
}

function excludedTable(excluded: readonly Excluded[]): Table | undefined {
  if (excluded.length === 0) return undefined;
  return {
    title: "Left out",
    columns: [left("Run"), { ...left("Why"), isProse: true }],
    rows: excluded.map(({ run, reason }) => [cell(run), cell(reason)]),
  };
}

function tables(...list: readonly (Table | undefined)[]): Block[] {
  return list.flatMap((table): Block[] => (table === undefined ? [] : [{ kind: "table", table }]));
}

function texts(list: readonly string[]): Block[] {
  return list.map((text) => ({ kind: "text", text }));
}

/** Renders fidelity.csv: a row per run, stage, metric and statistic. */
export function fidelityCsv({ evaluated }: Fidelity): string {
  const head = [
    "run",
    "gpu",
    "model",
    "tensor_parallel",
    "replicas",
    "workload",
    "overload",
    "cpu_offload",
    "stage",
    "rate_per_s",
    "metric",
    "statistic",
    "measured_ms",
    "predicted_ms",
    "error",
  ];
  const rows = evaluated.flatMap(({ run, cells }) =>
    cells.map((one): readonly CsvValue[] => [
      run.name,
      run.gpu,
      run.model,
      run.tensorParallel,
      run.dataParallel,
      run.workload,
      String(run.isOverload),
      String(run.hasCpuOffload),
      one.stage ?? null,
      one.stage === undefined ? null : run.stages[one.stage]!.ratePerS,
      one.metric,
      one.statistic,
      one.measuredMs,
      one.predictedMs,
      one.error,
    ]),
  );
  return csvText([head, ...rows]);
}
