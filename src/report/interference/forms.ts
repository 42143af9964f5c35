/** The forms of an interference matrix: a page with heat maps that needs nothing else, Markdown, and CSV. */
import type { ChartStyle } from "../charts/frame.ts";
import { csvText, type CsvValue } from "../csv.ts";
import { DEFINITIONS } from "../definitions.ts";
import { type Block, charts, type ReportDocument, section, tables, texts } from "../document.ts";
import { formatCount, formatDuration } from "../format.ts";
import type { Report } from "../report.ts";
import { interferenceMaps, SIDE_BY_SIDE } from "./charts.ts";
import type { Change, Interference } from "./matrix.ts";
import { interferenceTables } from "./tables.ts";
import { interferenceHeadline, interferenceNotes } from "./words.ts";

export function interferenceReport(interference: Interference): Report {
  return {
    name: interference.scenario.name,
    tenantryVersion: interference.tenantryVersion,
    origin: "simulations. Equal scenario, seed and version give an equal page.",
    document: (style) => interferenceDocument(interference, style),
    csv: () => interferenceCsv(interference),
  };
}

function interferenceDocument(interference: Interference, style: ChartStyle): ReportDocument {
  const { scenario, policy, neighbours, simulatedSeconds, setting } = interference;
  const { seeds } = setting;
  const sections = [
    ...section("map", "Who costs whom", mapBlocks(interference, style)),
    ...section("figures", "Figures", tables(...interferenceTables(interference))),
    ...section("notes", "How to read this", [
      ...texts(...interferenceNotes(interference)),
      { kind: "definitions", definitions: DEFINED },
    ]),
  ];
  return {
    title: `${scenario.name}: what each tenant costs the others`,
    question: "",
    headline: interferenceHeadline(interference),
    facts: [
      [
        "Simulated",
        `${formatDuration(simulatedSeconds)}, once with everybody and ${formatCount(neighbours.length)} times without somebody`,
      ],
      ["Policy", policy],
      ["Seeds", seeds.length === 1 ? String(seeds[0]) : `${seeds[0]} to ${seeds.at(-1)}`],
    ],
    verdicts: [],
    figures: [],
    conclusions: [],
    sections,
  };
}

const DEFINED = [DEFINITIONS.ttft, DEFINITIONS.quantiles, DEFINITIONS.compliance];

/** Side by side where they are small; else each as wide as the page. */
function mapBlocks(interference: Interference, style: ChartStyle): readonly Block[] {
  const maps = interferenceMaps(interference, style);
  return interference.neighbours.length <= SIDE_BY_SIDE
    ? charts(...maps)
    : maps.flatMap((map) => charts(map));
}

/** A row per pair, with every digit. */
function interferenceCsv({ tenants, neighbours }: Interference): string {
  const measured = ["present", "absent", "change", "ratio", "interval_low", "interval_high"];
  const head = [
    "tenant",
    "tier",
    "neighbour",
    ...measured.map((name) => `ttft_ms_p99_${name}`),
    ...measured.map((name) => `compliance_owed_${name}`),
  ];
  const rows = tenants.flatMap(({ tenant, tier, effects }) =>
    effects.flatMap((effect, at): readonly (readonly CsvValue[])[] =>
      effect === null
        ? []
        : [
            [
              tenant,
              tier,
              neighbours[at]!,
              ...changeValues(effect.ttftMsP99),
              ...changeValues(effect.complianceOwed),
            ],
          ],
    ),
  );
  return csvText([head, ...rows]);
}

function changeValues(change: Change | null): readonly CsvValue[] {
  if (change === null) return [null, null, null, null, null, null];
  const { present, absent, ratio, interval } = change;
  return [present, absent, change.change, ratio, interval?.low ?? null, interval?.high ?? null];
}
