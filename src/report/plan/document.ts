/** The report of a plan: conclusions, charts, tables of everything, and what it rests on. */
import type { PlanResult } from "../../results/plan.ts";
import type { ChartStyle } from "../charts/frame.ts";
import { commandLine } from "../commands.ts";
import { type Block, charts, type ReportDocument, section, tables, texts } from "../document.ts";
import type { KeyFigure } from "../figures.ts";
import { formatCount, formatMonthlyUsd, formatPercent, formatShare, formatUsd } from "../format.ts";
import { planAppendix } from "./appendix.ts";
import { frontierChart, promiseChart, tenantCostChart } from "./answer-charts.ts";
import { pathChart, sensitivityChart } from "./charts.ts";
import { planConclusions } from "./conclusions.ts";
import { growthChart, neededChart } from "./future-charts.ts";
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
import { planHeadline } from "./words.ts";

/** Everything the report says about this plan. */
export function planDocument(plan: PlanResult, style: ChartStyle): ReportDocument {
  const { scenario, ask } = plan;
  return {
    title: `${scenario.name}: capacity plan`,
    question: scenario.description,
    headline: planHeadline(plan),
    facts: [
      ["Confidence asked for", formatPercent(ask.confidence, 0)],
      ["Simulations", formatCount(plan.work.simulations)],
      ["Requests simulated", formatCount(plan.work.requests)],
      ["Seed", String(scenario.seed)],
    ],
    verdicts: [],
    figures: planFigures(plan),
    conclusions: planConclusions(plan),
    sections: [
      ...section("charts", "Charts", [
        ...charts(promiseChart(plan, style), frontierChart(plan, style)),
        ...charts(neededChart(plan, style), sensitivityChart(plan, style)),
        ...charts(tenantCostChart(plan, style), growthChart(plan, style)),
        ...charts(pathChart(plan, style)),
      ]),
      ...section("platform", "Platform", [...tables(poolTable(plan)), ...changes(plan)]),
      ...section("evidence", "Evidence", tables(promiseTable(plan))),
      ...section("alternatives", "Alternatives", tables(runnerUpTable(plan), frontierTable(plan))),
      ...section("sensitivity", "Sensitivity", tables(sensitivityTable(plan))),
      ...section("tenants", "Tenants", tables(costTable(plan))),
      ...section("path", "How it got there", tables(boundTable(plan), pathTable(plan))),
      ...section("appendix", "Appendix", planAppendix(plan)),
    ],
  };
}

/** What to change in the scenario's file. */
function changes({ answer }: PlanResult): readonly Block[] {
  if (answer === null || answer.changes.length === 0) return [];
  const lines = answer.changes.map(({ path, value }) => commandLine("--set", `${path}=${value}`));
  return [
    ...texts("What changes in the scenario's file, as options of any command:"),
    { kind: "code", text: lines.join("\n") },
  ];
}

function planFigures({ answer, own, costs }: PlanResult): readonly KeyFigure[] {
  if (answer === null) return [];
  const month =
    costs === null ? [] : [{ name: "a month", value: formatMonthlyUsd(costs.usdPerMonth) }];
  const tokens = costs?.usdPerMillionTokens ?? null;
  return [
    {
      label: "GPUs",
      values: [{ value: formatCount(answer.gpus) }],
      detail: `The scenario's own platform has ${formatCount(own.gpus)}.`,
      hint: "Of all pools of the planned platform.",
    },
    {
      label: "Cost",
      values: [{ name: "an hour", value: formatUsd(answer.usdPerHour) }, ...month],
      detail: `The scenario's own platform costs ${formatUsd(own.usdPerHour)} an hour.`,
      hint: "All GPUs at their prices, whether used or not. A month is 730 hours.",
    },
    ...(tokens === null
      ? []
      : [
          {
            label: "Per million tokens",
            values: [{ value: formatUsd(tokens) }],
            detail: `Some step is running ${formatShare(costs?.busy ?? null)} of the time, full or not.`,
            hint: "GPU cost per million tokens served, input and output.",
          },
        ]),
  ];
}
