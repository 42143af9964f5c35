/**
 * A comparison as a document: the same words, tables and charts for the page and the Markdown, in the form in which reports
 * are written, so that both look like one family.
 */
import type { Results } from "../../results/results.ts";
import type { ChartStyle } from "../charts/frame.ts";
import { commandLine } from "../commands.ts";
import { DEFINITIONS } from "../definitions.ts";
import { type Block, type ReportDocument, type Section, texts } from "../document.ts";
import type { KeyFigure } from "../figures.ts";
import { formatDuration, MISSING } from "../format.ts";
import { type Cell, cell, left, right, type Table, toned } from "../table.ts";
import { capital } from "../verdict.ts";
import { billComparison, flowComparison, latencyComparison } from "./charts.ts";
import type { Comparison, Difference, Row } from "./compare.ts";
import { comparisonConclusions } from "./conclusions.ts";
import { changesOf, familyWords, findingsTable } from "./findings.ts";
import { ratioChart } from "./ratios.ts";
import { sideName } from "./side.ts";
import { differenceText, intervalText, relativeText, valueText } from "./words.ts";

const UNKNOWN = "Not known on one side: nothing to compare.";
const NO_INTERVAL = "One run each: no interval.";

/** Everything the comparison says; `firsts` are the first runs of the sides, which charts show; without them those charts are left out. */
export function comparisonDocument(
  comparison: Comparison,
  firsts: readonly Results[],
  style: ChartStyle,
): ReportDocument {
  return {
    title: titleOf(comparison),
    question: "",
    headline: headline(comparison),
    facts: comparison.sides.map(({ name, source, scenario, seeds, kind }, index) => [
      name,
      `${source}: ${scenario}, ${kind}${spanWords(firsts[index])}, ${seedWords(seeds)}`,
    ]),
    verdicts: [],
    figures: comparison.tiers.flatMap(tierFigure),
    conclusions: comparisonConclusions(comparison),
    sections: sections(comparison, firsts, style).filter(({ blocks }) => blocks.length > 0),
  };
}

function spanWords(first: Results | undefined): string {
  return first === undefined ? "" : ` ${formatDuration(first.run.simulatedSeconds)}`;
}

function titleOf({ sides }: Comparison): string {
  const names = new Set(sides.map(({ scenario }) => scenario));
  return names.size === 1
    ? `${[...names].join("")}: ${sides.map(({ name }) => name).join(" and ")} compared`
    : [...names].join(" and ");
}

/** What is more than chance; without replications P99 of the time to first token, tier by tier. */
function headline(comparison: Comparison): string {
  const { tiers, sides, significance } = comparison;
  if (significance !== null) {
    return sides
      .slice(1)
      .map(({ name }, at) => `${name} against A: ${changesOf(comparison, at)}.`)
      .join(" ");
  }
  const sentences = sides.slice(1).map(({ name }, at) => {
    const changes = tiers.flatMap(({ name: tier, rows }) => {
      const relative = rows.find(({ id }) => id === "ttft-p99")?.differences[at]?.relative ?? null;
      return relative === null ? [] : [`${tier} ${relativeText(relative)}`];
    });
    return changes.length === 0
      ? `${name} against A: no tier has a time to first token on both sides.`
      : `${name} against A: TTFT P99 ${changes.join(", ")}.`;
  });
  return sentences.join(" ");
}

function tierFigure({ name, rows }: Comparison["tiers"][number]): readonly KeyFigure[] {
  const row = rows.find(({ id }) => id === "ttft-p99");
  if (row === undefined) return [];
  return [
    {
      label: `${capital(name)}: TTFT P99`,
      values: row.values.map((value, side) => ({
        name: sideName(side),
        value: valueText(value, row.unit),
      })),
      detail: row.differences
        .map((one, at) => `${sideName(at + 1)} − A: ${changeText(one, row)}`)
        .join("; "),
      hint: DEFINITIONS.ttft.meaning,
    },
  ];
}

function sections(
  comparison: Comparison,
  firsts: readonly Results[],
  style: ChartStyle,
): readonly Section[] {
  const { tiers, platform, bills, notes } = comparison;
  const bill = firsts[0] === undefined ? undefined : billComparison(comparison, firsts[0], style);
  const latency = latencyComparison(firsts, style);
  const flow = flowComparison(firsts, style);
  const ratios = ratioChart(comparison, style);
  const findings = findingsTable(comparison);
  return [
    {
      id: "differs",
      title: "What differs",
      blocks: [
        ...(findings === undefined && comparison.significance !== null
          ? [{ kind: "text", text: familyWords(comparison) } as const]
          : []),
        ...(findings === undefined ? [] : [{ kind: "table", table: findings } as const]),
        ...chartBlock(ratios === undefined ? [] : [ratios]),
      ],
    },
    {
      id: "notes",
      title: "What is compared",
      blocks: notes.map((text) => ({ kind: "text", text })),
    },
    {
      id: "tiers",
      title: "Tiers",
      blocks: tiers.map(({ name, rows }) => table(comparison, capital(name), rows)),
    },
    { id: "latency", title: "Latency", blocks: chartBlock(latency) },
    { id: "over-time", title: "Over time", blocks: chartBlock(flow) },
    { id: "platform", title: "Platform", blocks: [table(comparison, "Platform", platform)] },
    {
      id: "bills",
      title: "Bills",
      blocks: [
        ...chartBlock(bill === undefined ? [] : [bill]),
        table(comparison, "Bills per tenant", billRows(bills)),
      ],
    },
    {
      id: "appendix",
      title: "Appendix",
      blocks: [
        ...texts("To compare again, with the files of the sides where they were:"),
        { kind: "code", text: rerun(comparison) },
        { kind: "definitions", definitions: DEFINED },
      ],
    },
  ];
}

/** Sides of one run each may be results, which take no seed; replications are of scenarios. */
function rerun({ sides }: Comparison): string {
  const replications = sides.reduce((most, { seeds }) => Math.max(most, seeds.length), 1);
  const [first] = sides.flatMap(({ seeds }) => seeds);
  const options =
    replications === 1 ? [] : ["--seed", String(first), "--replications", String(replications)];
  return commandLine("tenantry", "compare", ...sides.map(({ source }) => source), ...options);
}

const DEFINED = [
  DEFINITIONS.ttft,
  DEFINITIONS.tpot,
  DEFINITIONS.e2e,
  DEFINITIONS.quantiles,
  DEFINITIONS.compliance,
  DEFINITIONS.goodput,
  DEFINITIONS.utilization,
];

/** All tenants' bills in one table: "aurora: tokens". */
export function billRows(bills: Comparison["bills"]): readonly Row[] {
  return bills.flatMap(({ name, rows }) =>
    rows.map((row) => ({ ...row, label: `${name}: ${row.label.toLowerCase()}` })),
  );
}

function table({ sides, confidence }: Comparison, title: string, rows: readonly Row[]): Block {
  const others = sides.slice(1);
  const columns = [
    left("Measure"),
    ...sides.map(({ name, source }) => right(name, source)),
    ...others.flatMap(({ name }) => [
      right(`${name} − A`, "Absolute difference."),
      right("Relative", `Difference as a share of A's value.`),
      ...(confidence === null
        ? []
        : [right("95 % interval", "Of the absolute difference, over paired replications.")]),
    ]),
  ];
  const body: Table = {
    title,
    columns,
    rows: rows.map((row) => [
      cell(row.label),
      ...row.values.map((value) => cell(valueText(value, row.unit))),
      ...row.differences.flatMap((one) => differenceCells(one, row, confidence !== null)),
    ]),
  };
  return { kind: "table", table: body };
}

function differenceCells(one: Difference, row: Row, hasInterval: boolean): readonly Cell[] {
  const cells = [
    cell(differenceText(one.absolute, row.unit), UNKNOWN),
    cell(relativeText(one.relative), UNKNOWN),
  ];
  if (!hasInterval) return cells;
  const text = intervalText(one, row);
  return [...cells, isClear(one) ? toned(text, "plain", "Excludes zero.") : quiet(text)];
}

/** An interval that holds zero says that the difference may be chance. */
function isClear({ interval }: Difference): boolean {
  return interval !== null && (interval.low > 0 || interval.high < 0);
}

function quiet(text: string): Cell {
  return toned(text, "muted", text === MISSING ? NO_INTERVAL : "Includes zero: may be chance.");
}

function changeText({ absolute, relative }: Difference, { unit }: Row): string {
  return `${differenceText(absolute, unit)} (${relativeText(relative)})`;
}

function seedWords(seeds: readonly number[]): string {
  const [first] = seeds;
  return seeds.length === 1 ? `seed ${first}` : `seeds ${first} to ${seeds.at(-1)}`;
}

function chartBlock(charts: Extract<Block, { kind: "charts" }>["charts"]): readonly Block[] {
  return charts.length === 0 ? [] : [{ kind: "charts", charts }];
}
