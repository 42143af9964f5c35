/** The forms of a plan: a page that needs nothing else, Markdown, CSV of the way there, and tables for a terminal. */
import type { PlanResult } from "../../results/plan.ts";
import { csvText } from "../csv.ts";
import type { Report } from "../report.ts";
import { cleaned, type SummaryTable } from "../summary.ts";
import { planDocument } from "./document.ts";
import { figuresCsv } from "./figures-csv.ts";
import {
  costTable,
  frontierTable,
  pathTable,
  poolTable,
  promiseTable,
  runnerUpTable,
  sensitivityTable,
} from "./tables.ts";

export function planReport(plan: PlanResult): Report {
  return {
    name: plan.scenario.name,
    tenantryVersion: plan.tenantryVersion,
    origin: "simulations. Equal scenario, options and version give an equal plan.",
    document: (style) => planDocument(plan, style),
    csv: () => figuresCsv(plan),
  };
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
