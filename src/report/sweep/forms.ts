/** The forms of a sweep: a page that needs nothing else, Markdown, and CSV. The terminal's table is in tables.ts. */
import { TIER_MEASURES } from "../../results/figures.ts";
import { PLATFORM_MEASURES, type Unit } from "../../results/measures.ts";
import type { ChartStyle } from "../charts/frame.ts";
import { commandLine, SCENARIO_FILE, settings } from "../commands.ts";
import { csvText, type CsvValue } from "../csv.ts";
import { DEFINITIONS } from "../definitions.ts";
import { type Block, charts, type ReportDocument, section, tables, texts } from "../document.ts";
import type { KeyFigure } from "../figures.ts";
import { formatCount, formatUsd, listed } from "../format.ts";
import type { Report } from "../report.ts";
import { sweepConclusions } from "./conclusions.ts";
import { responseCurves } from "./curves.ts";
import { frontierChart } from "./frontier.ts";
import { sweepMaps } from "./maps.ts";
import type { Estimates, Sweep } from "./sweep.ts";
import { cheapestTable, estimateIn, variantTable } from "./tables.ts";
import { trafficLevels } from "./traffic.ts";
import { hourly, keepers } from "./ranking.ts";
import { pointText, sweepHeadline, sweepNotes } from "./words.ts";

/** Up to this many columns two maps stand side by side. */
const SIDE_BY_SIDE = 7;

export function sweepReport(sweep: Sweep): Report {
  return {
    name: sweep.scenario.name,
    tenantryVersion: sweep.tenantryVersion,
    origin: "simulations. Equal scenario, dimensions, seeds and version give an equal page.",
    document: (style) => sweepDocument(sweep, style),
    csv: () => sweepCsv(sweep),
  };
}

function sweepDocument(sweep: Sweep, style: ChartStyle): ReportDocument {
  const { scenario, seeds, dimensions, variants, isSampled } = sweep;
  const sections = [
    ...section("map", "Where promises are kept", mapBlocks(sweep, style)),
    ...section("curves", "Responses", charts(...responseCurves(sweep, style))),
    ...section("cost", "Cost", [
      ...tables(cheapestTable(sweep)),
      ...charts(frontierChart(sweep, style)),
    ]),
    ...section("variants", "Variants", tables(variantTable(sweep))),
    ...section("notes", "How to read this", [
      ...texts(...sweepNotes(sweep)),
      { kind: "definitions", definitions: DEFINED },
    ]),
    ...section("again", "How to run it again", [
      ...texts(
        `The same scenario file, options and version give the same sweep, byte for byte, whatever the number of threads. ${SCENARIO_FILE} stands for the scenario file: equal hashes (${scenario.hash}) tell.`,
      ),
      { kind: "code", text: rerun(sweep) },
    ]),
  ];
  return {
    title: `${scenario.name}: ${listed(dimensions.map(({ name }) => name))} varied`,
    question: scenario.description,
    headline: sweepHeadline(sweep),
    facts: [
      [
        isSampled ? "Sampled" : "Grid",
        `${formatCount(variants.length)} variants, ${formatCount(variants.length * seeds.length)} simulations`,
      ],
      ...dimensions.map(({ name, values }) => [name, valuesText(values)] as const),
      ["Seeds", seeds.length === 1 ? String(seeds[0]) : `${seeds[0]} to ${seeds.at(-1)}`],
    ],
    verdicts: [],
    figures: keyFigures(sweep),
    conclusions: sweepConclusions(sweep),
    sections,
  };
}

function rerun({ asked, seeds }: Sweep): string {
  const { vary, sample, overrides } = asked;
  return commandLine(
    "tenantry",
    "sweep",
    SCENARIO_FILE,
    ...vary.flatMap((one) => ["--vary", one]),
    ...(sample === null ? [] : ["--sample", String(sample)]),
    ...settings(overrides),
    "--seed",
    String(seeds[0]),
    ...(seeds.length === 1 ? [] : ["--replications", String(seeds.length)]),
    "--out",
    "again",
  );
}

const DEFINED = [
  DEFINITIONS.ttft,
  DEFINITIONS.quantiles,
  DEFINITIONS.verdict,
  DEFINITIONS.compliance,
  DEFINITIONS.utilization,
];

/** Values told in full at the top. */
const SHOWN_VALUES = 8;

function valuesText(values: readonly string[]): string {
  if (values.length <= SHOWN_VALUES) return values.join(", ");
  return `${formatCount(values.length)} values from ${values[0]} to ${values.at(-1)}`;
}

function keyFigures(sweep: Sweep): readonly KeyFigure[] {
  const kept = keepers(sweep);
  const [best] = kept;
  const count = `${formatCount(kept.length)} of ${formatCount(sweep.variants.length)}`;
  return [
    {
      label: "Variants that keep every promise",
      values: [{ value: count, share: kept.length / sweep.variants.length }],
      detail: "Every tier's verdict is met, in every replication.",
      hint: DEFINITIONS.verdict.meaning,
    },
    // Under different traffic nothing is the cheapest of all: the table tells it level by level.
    ...(best === undefined || trafficLevels(sweep).length > 1
      ? []
      : [
          {
            label: "The cheapest of them",
            values: [{ value: formatUsd(hourly(best)), name: "per hour" }],
            detail: pointText(sweep, best.point),
            hint: "GPUs of all pools, by the scenario's prices.",
          },
        ]),
  ];
}

/** Side by side where they are small; else each as wide as the page. */
function mapBlocks(sweep: Sweep, style: ChartStyle): readonly Block[] {
  const maps = sweepMaps(sweep, style);
  const columns = Math.max(...sweep.dimensions.slice(0, 2).map(({ values }) => values.length));
  return columns <= SIDE_BY_SIDE ? charts(...maps) : maps.flatMap((map) => charts(map));
}

/** A row per variant, with every digit. */
function sweepCsv(sweep: Sweep): string {
  const { dimensions, variants, confidence } = sweep;
  const hasIntervals = confidence !== null;
  const tiers = variants[0]?.tiers ?? [];
  const columns = (prefix: string, measures: readonly Column[]): readonly string[] =>
    measures.flatMap((measure) => columnNames(prefix, measure, hasIntervals));
  const head = [
    ...dimensions.map(({ name }) => name),
    "promises",
    ...tiers.flatMap(({ name }) => [`${name}_sla`, ...columns(`${name}_`, TIER_MEASURES)]),
    ...columns("", PLATFORM_MEASURES),
  ];
  const rows = variants.map(({ point, verdict, tiers: own, platform }): readonly CsvValue[] => [
    ...point.map(plainValue),
    verdict,
    ...own.flatMap((tier) => [
      tier.verdict,
      ...estimateValues(tier.figures, TIER_MEASURES, hasIntervals),
    ]),
    ...estimateValues(platform, PLATFORM_MEASURES, hasIntervals),
  ]);
  return csvText([head, ...rows]);
}

interface Column {
  readonly id: string;
  readonly unit: Unit;
}

function columnNames(
  prefix: string,
  { id, unit }: Column,
  hasIntervals: boolean,
): readonly string[] {
  const name = `${prefix}${id.replaceAll("-", "_")}${unit === "ms" ? "_ms" : ""}`;
  return hasIntervals ? [name, `${name}_low`, `${name}_high`] : [name];
}

function estimateValues(
  figures: Estimates,
  measures: readonly Column[],
  hasIntervals: boolean,
): readonly CsvValue[] {
  return measures.flatMap(({ id }) => {
    const { mean, interval } = estimateIn(figures, id);
    return hasIntervals ? [mean, interval?.low ?? null, interval?.high ?? null] : [mean];
  });
}

/** A number is one for a spreadsheet too. */
function plainValue(text: string): CsvValue {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}
