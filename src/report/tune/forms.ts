/** The forms of a tuning: a page that needs nothing else, Markdown, and CSV of every combination tried. */
import { promiseLimit } from "../../results/plan-words.ts";
import type { PlanChange } from "../../results/plan.ts";
import type { TuneMeasure, TuneResult } from "../../results/tune.ts";
import type { ChartStyle } from "../charts/frame.ts";
import { commandLine, SCENARIO_FILE, settings } from "../commands.ts";
import { csvText } from "../csv.ts";
import { type Block, charts, type ReportDocument, section, tables, texts } from "../document.ts";
import { formatCount, formatPercent, formatShare } from "../format.ts";
import { pressureText } from "../plan/words.ts";
import type { Report } from "../report.ts";
import { cell, left, right, type Table, toned } from "../table.ts";
import { promisesBeside, trialsChart } from "./charts.ts";
import { tuneConclusions, tuneHeadline } from "./conclusions.ts";
import { toldPlaces } from "./words.ts";

/** Rows of a page's table; tune.json has all. */
const MOST_TRIALS = 100;

export function tuneReport(tune: TuneResult): Report {
  return {
    name: tune.scenario.name,
    tenantryVersion: tune.tenantryVersion,
    origin: "simulations. Equal scenario, options and version give an equal tuning.",
    document: (style) => tuneDocument(tune, style),
    csv: () => tuneCsv(tune),
  };
}

function tuneDocument(tune: TuneResult, style: ChartStyle): ReportDocument {
  const { scenario, confidence, work } = tune;
  return {
    title: `${scenario.name}: settings tuned`,
    question: scenario.description,
    headline: tuneHeadline(tune),
    facts: [
      ["Confidence", formatPercent(confidence, 0)],
      ["Simulations", formatCount(work.simulations)],
      ["Requests simulated", formatCount(work.requests)],
      ["Seed", String(scenario.seed)],
    ],
    verdicts: [],
    figures: [],
    conclusions: tuneConclusions(tune),
    sections: [
      ...section("charts", "Charts", charts(promisesBeside(tune, style), trialsChart(tune, style))),
      ...section("settings", "Settings", [...tables(variedTable(tune)), ...changeBlocks(tune)]),
      ...section("promises", "Promises", tables(promiseTable(tune))),
      ...section("trials", "How it got there", tables(trialTable(tune))),
      ...section("again", "How to run it again", [
        ...texts(
          `The same scenario file, options and version give the same tuning, byte for byte, whatever the number of threads. ${SCENARIO_FILE} stands for the scenario file: equal hashes (${scenario.hash}) tell.`,
        ),
        { kind: "code", text: rerun(tune) },
      ]),
    ],
  };
}

function rerun({ scenario }: TuneResult): string {
  const options = [...settings(scenario.overrides), "--out", "again"];
  return commandLine("tenantry", "tune", SCENARIO_FILE, ...options);
}

function changeBlocks({ changes }: TuneResult): readonly Block[] {
  if (changes.length === 0) return [];
  const lines = changes.map(({ path, value }) => commandLine("--set", `${path}=${value}`));
  return [
    ...texts("What changes in the scenario's file, as options of any command:"),
    { kind: "code", text: lines.join("\n") },
  ];
}

function variedTable({ varied, changes }: TuneResult): Table {
  const chosen = new Map(changes.map(({ path, value }) => [path, value]));
  return {
    title: "What was varied",
    columns: [left("Setting"), { ...left("Values"), isProse: true }, left("Chosen")],
    rows: varied.map(({ path, values }) => [
      cell(path),
      cell(values.join(", ")),
      chosen.has(path) ? toned(chosen.get(path) ?? "", "good") : cell("as the file is"),
    ]),
  };
}

function promiseTable({ own, found, seeds }: TuneResult): Table {
  const all = own.promises.map(({ promise }) => promise);
  const cells = (measure: TuneMeasure, at: number) => {
    const { promise, pressure, broken } = measure.promises[at]!;
    const reading = { promise, pressure, isKept: broken === 0, missShare: 0 };
    return [
      cell(pressureText(reading, all)),
      cell(formatShare(pressure)),
      broken === 0 ? cell("0") : toned(formatCount(broken), "bad"),
    ];
  };
  return {
    title: "Promises over the fresh runs",
    columns: [
      left("Promise"),
      right("Before", "With the file's own settings."),
      right("Of limit"),
      right("Broken in", `Of ${formatCount(seeds.length)} fresh runs.`),
      right("Found", "With the best settings found."),
      right("Of limit"),
      right("Broken in", `Of ${formatCount(seeds.length)} fresh runs.`),
    ],
    rows: toldPlaces(all).map((at) => [
      cell(promiseLimit(all[at]!, all)),
      ...cells(own, at),
      ...cells(found, at),
    ]),
  };
}

function trialTable({ tried }: TuneResult): Table | undefined {
  if (tried.length === 0) return undefined;
  const shown = tried.slice(0, MOST_TRIALS);
  const rest = tried.length - shown.length;
  return {
    title: "Every combination that was tried",
    columns: [
      left("Trial"),
      { ...left("Settings"), isProse: true },
      right("Seeds"),
      right("Promises broken"),
      right("Worst, of its limit"),
    ],
    rows: shown.map(({ changes, seeds, broken, worstPressure }, at) => [
      cell(String(at + 1)),
      cell(changesText(changes)),
      cell(formatCount(seeds)),
      broken === 0 ? cell("0") : toned(formatCount(broken), "bad"),
      cell(formatShare(worstPressure), "Requests were lost."),
    ]),
    ...(rest > 0 && { note: `${formatCount(rest)} more are in tune.json.` }),
  };
}

function changesText(changes: readonly PlanChange[]): string {
  if (changes.length === 0) return "as the file is";
  return changes.map(({ path, value }) => `${path}=${value}`).join(", ");
}

function tuneCsv({ tried }: TuneResult): string {
  const rows = tried.map(({ changes, seeds, broken, worstPressure }, at) => [
    at + 1,
    changesText(changes),
    seeds,
    broken,
    worstPressure,
  ]);
  return csvText([["trial", "settings", "seeds", "broken", "worst_pressure"], ...rows]);
}
