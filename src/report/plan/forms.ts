/** The forms of a plan: a page that needs nothing else, Markdown, CSV of the way there, and tables for a terminal. */
import type { PlanResult } from "../../results/plan.ts";
import type { ChartStyle } from "../charts/frame.ts";
import { LIGHT, PAGE_PALETTE } from "../charts/palette.ts";
import { csvText } from "../csv.ts";
import { DEFINITIONS } from "../definitions.ts";
import type { Block, ReportDocument, Section } from "../document.ts";
import { formatCount, formatUsd } from "../format.ts";
import { htmlPage } from "../html/page.ts";
import { markdownOf } from "../markdown.ts";
import { cleaned, type SummaryTable } from "../summary.ts";
import type { Table } from "../table.ts";
import { frontierChart, pathChart, sensitivityChart } from "./charts.ts";
import {
  boundTable,
  costTable,
  frontierTable,
  pathTable,
  poolTable,
  promiseTable,
  runnerUpTable,
  sensitivityTable,
} from "./tables.ts";
import { confirmationWords, planHeadline, planNotes, runwayWords } from "./words.ts";

/** Renders plan.html. */
export function planHtml(plan: PlanResult, vegaSource: string): string {
  const document = planDocument(plan, { palette: PAGE_PALETTE });
  const origin = "simulations. Equal scenario, seed and version give an equal page.";
  return htmlPage(document, { vegaSource, tenantryVersion: plan.tenantryVersion, origin });
}

/** Renders plan.md. */
export function planMarkdown(plan: PlanResult): string {
  return markdownOf(planDocument(plan, { palette: LIGHT }));
}

function planDocument(plan: PlanResult, style: ChartStyle): ReportDocument {
  const sections = sectionsOf(plan, style);
  return {
    title: `${plan.scenario.name}: plan`,
    question: plan.scenario.description,
    headline: planHeadline(plan),
    facts: factsOf(plan),
    verdicts: [],
    figures: [],
    conclusions: [],
    sections: sections.filter(({ blocks }) => blocks.length > 0),
  };
}

function sectionsOf(plan: PlanResult, style: ChartStyle): Section[] {
  const { confirmation, runway, impossible, ask } = plan;
  return [
    {
      id: "answer",
      title: impossible === null ? "Answer" : "What could be had instead",
      blocks: [...texts(impossible?.nearest ?? []), ...tables(poolTable(plan)), ...changes(plan)],
    },
    {
      id: "confidence",
      title: "How sure",
      blocks: [
        ...texts(confirmation === null ? [] : [confirmationWords(confirmation, ask.confidence)]),
        ...tables(promiseTable(plan)),
      ],
    },
    {
      id: "frontier",
      title: "Cost against promises",
      blocks: [...charts(frontierChart(plan, style)), ...tables(frontierTable(plan))],
    },
    {
      id: "sensitivity",
      title: "Sensitivity",
      blocks: [
        ...texts(runway === null ? [] : [runwayWords(runway, ask.promises)]),
        ...charts(sensitivityChart(plan, style)),
        ...tables(sensitivityTable(plan)),
      ],
    },
    { id: "costs", title: "Costs", blocks: tables(costTable(plan)) },
    {
      id: "path",
      title: "How it got there",
      blocks: [
        ...charts(pathChart(plan, style)),
        ...tables(boundTable(plan), pathTable(plan), runnerUpTable(plan)),
      ],
    },
    {
      id: "notes",
      title: "How to read this",
      blocks: [
        ...texts(planNotes(plan)),
        { kind: "definitions", definitions: [PRESSURE, DEFINITIONS.ttft, DEFINITIONS.verdict] },
      ],
    },
  ];
}

const PRESSURE = {
  term: "Pressure, share of the limit",
  meaning:
    "What the promised share of requests stays within, divided by the limit: a P99 of 80 ms under a limit of 100 ms is 80 %. An objective of 99.5 % is the P99.5 of whichever target is nearest for each request; lost requests are beyond every limit.",
};

function factsOf({ answer, costs, ask, work }: PlanResult): ReportDocument["facts"] {
  return [
    ...(answer === null
      ? []
      : [
          ["GPUs", formatCount(answer.gpus)] as const,
          ["Price", `${formatUsd(answer.usdPerHour)}/h`] as const,
        ]),
    ...(costs === null
      ? []
      : [
          ["A month", formatUsd(costs.usdPerMonth)] as const,
          ["Per M tokens", formatUsd(costs.usdPerMillionTokens)] as const,
          ["Per request", formatUsd(costs.usdPerRequest)] as const,
        ]),
    ["Confidence asked for", `${ask.confidence * 100} %`],
    ["Simulations", formatCount(work.simulations)],
  ];
}

/** What to change in the scenario's file. */
function changes({ answer }: PlanResult): Block[] {
  if (answer === null || answer.changes.length === 0) return [];
  const lines = answer.changes.map(({ path, value }) => `--set '${path}=${value}'`);
  return [
    { kind: "text", text: "What changes in the scenario's file, as options of any command:" },
    { kind: "code", text: lines.join("\n") },
  ];
}

function texts(list: readonly string[]): Block[] {
  return list.map((text) => ({ kind: "text", text }));
}

function tables(...list: readonly (Table | undefined)[]): Block[] {
  return list.filter((table) => table !== undefined).map((table) => ({ kind: "table", table }));
}

function charts(...list: readonly ReturnType<typeof pathChart>[]): Block[] {
  const some = list.filter((chart) => chart !== undefined);
  return some.length === 0 ? [] : [{ kind: "charts", charts: some }];
}

/** Renders plan.csv: every platform tried, with every digit. */
export function planCsv({ path }: PlanResult): string {
  const head = [
    "step",
    "phase",
    "design",
    "sizes",
    "gpus",
    "usd_per_hour",
    "horizon",
    "seeds",
    "outcome",
    "worst_tier",
    "worst_promise",
    "pressure",
    "miss_share",
  ];
  const rows = path.map((step, at) => [
    at + 1,
    step.phase,
    step.design.join("; "),
    step.sizes.map(({ pool, replicas }) => `${pool}=${replicas}`).join(" "),
    step.gpus,
    step.usdPerHour,
    step.horizon,
    step.seeds,
    step.outcome,
    step.worst?.promise.tier ?? null,
    step.worst === null ? null : (step.worst.promise.metric ?? "objective"),
    step.worst?.pressure ?? null,
    step.worst?.missShare ?? null,
  ]);
  return csvText([head, ...rows]);
}

/** The tables for a terminal, in the order of the page. */
export function planTables(plan: PlanResult): readonly SummaryTable[] {
  return [
    pathTable(plan),
    poolTable(plan),
    promiseTable(plan),
    runnerUpTable(plan),
    frontierTable(plan),
    sensitivityTable(plan),
    costTable(plan),
  ]
    .filter((table) => table !== undefined)
    .map(({ title, columns, rows }) => ({
      title,
      head: columns.map(({ label }) => label),
      rows: rows.map((cells) => cells.map(({ text }) => cleaned(text))),
    }));
}
