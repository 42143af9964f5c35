/** What a plan rests on, and what it takes to plan again: statistics, seeds, versions, commands, definitions. */
import type { PlanResult } from "../../results/plan.ts";
import { commandLine, SCENARIO_FILE, settings } from "../commands.ts";
import { type Definition, DEFINITIONS } from "../definitions.ts";
import { type Block, tables, texts } from "../document.ts";
import { counted, percentOf } from "../../results/plan-words.ts";
import { formatCount } from "../format.ts";
import { cell, left, type Table } from "../table.ts";
import { planNotes } from "./words.ts";

const TERMS: readonly Definition[] = [
  {
    term: "Promise",
    meaning:
      "A target of a tier at its percentile, or its objective: the share of requests that must meet every target. What the platform owed and did not deliver counts as missed.",
  },
  {
    term: "Pressure, share of the limit",
    meaning:
      "What the promised share of requests stays within, divided by the limit: a P99 of 80 ms under a limit of 100 ms is 80 %. An objective of 99.5 % is the P99.5 of whichever target is nearest for each request; lost requests are beyond every limit.",
  },
  {
    term: "Confidence",
    meaning:
      "How sure it is that a run with a seed that nobody has seen keeps every promise, all of them together.",
  },
];

export function planAppendix(plan: PlanResult): readonly Block[] {
  return [
    ...texts(...planNotes(plan)),
    ...tables(assumptions(plan), provenance(plan)),
    ...texts(
      `The same scenario file, options and version give the same plan, byte for byte, whatever the number of threads. ${SCENARIO_FILE} stands for the scenario file: equal hashes tell. To plan again:`,
    ),
    { kind: "code", text: rerun(plan) },
    {
      kind: "definitions",
      definitions: [
        ...TERMS,
        DEFINITIONS.ttft,
        DEFINITIONS.tpot,
        DEFINITIONS.e2e,
        DEFINITIONS.utilization,
      ],
    },
  ];
}

function assumptions({ work, confirmation, ask }: PlanResult): Table {
  const fresh = confirmation === null ? "none" : seedText(confirmation.seeds);
  const rows: readonly (readonly [string, string])[] = [
    ["Seeds of the fresh runs", fresh],
    ["Step times", "Those of the model, without noise: no GPU was measured for this plan."],
    ["A month", "730 hours."],
    [
      "Work",
      `${counted(work.simulations, "simulation")} of ${formatCount(work.requests)} requests in all; ${formatCount(ask.budgetRequests)} were allowed.`,
    ],
  ];
  return {
    title: "Assumptions",
    columns: [left("What"), { ...left("Assumed"), isProse: true }],
    rows: rows.map(([what, value]) => [cell(what), cell(value)]),
  };
}

function provenance({ scenario, tenantryVersion, schemaVersion }: PlanResult): Table {
  const rows: readonly (readonly [string, string])[] = [
    ["Scenario", scenario.name],
    ["Scenario hash", scenario.hash],
    ["Seed", String(scenario.seed)],
    ["Tenantry version", tenantryVersion],
    ["Plan schema", String(schemaVersion)],
  ];
  return {
    title: "Where this comes from",
    columns: [left("What"), { ...left("Value"), isProse: true }],
    rows: rows.map(([what, value]) => [cell(what), cell(value)]),
  };
}

/** Keys that the command has options for: what a plan was asked, however that was said. */
const ASKED = /^plan\.(confidence|growth)=/u;

function rerun({ scenario, ask }: PlanResult): string {
  const overrides = scenario.overrides.filter((override) => !ASKED.test(override));
  const growth = ask.monthlyGrowth === null ? [] : ["--growth", `${percentOf(ask.monthlyGrowth)}%`];
  return [
    commandLine(
      "tenantry",
      "plan",
      SCENARIO_FILE,
      "--confidence",
      `${percentOf(ask.confidence)}%`,
      ...growth,
      ...settings(overrides),
      "--out",
      "again",
    ),
    commandLine("tenantry", "report", "again"),
  ].join("\n");
}

/** "1, 2, 5", or "11 to 30" where they follow each other. */
function seedText(seeds: readonly number[]): string {
  const [first] = seeds;
  const last = seeds.at(-1);
  if (first === undefined || last === undefined) return "none";
  return seeds.length > 2 && last - first === seeds.length - 1
    ? `${first} to ${last}`
    : seeds.join(", ");
}
