/** The forms of an interference matrix: a page with heat maps that needs nothing else, Markdown, and CSV. */
import type { ChartStyle } from "../charts/frame.ts";
import { LIGHT, PAGE_PALETTE } from "../charts/palette.ts";
import { csvText, type CsvValue } from "../csv.ts";
import { DEFINITIONS } from "../definitions.ts";
import type { Block, ReportDocument } from "../document.ts";
import { formatCount, formatDuration } from "../format.ts";
import { htmlPage } from "../html/page.ts";
import { markdownOf } from "../markdown.ts";
import { interferenceMaps, SIDE_BY_SIDE } from "./charts.ts";
import type { Change, Interference } from "./matrix.ts";
import { interferenceTables } from "./tables.ts";
import { interferenceHeadline, interferenceNotes } from "./words.ts";

/** Renders interference.html. */
export function interferenceHtml(interference: Interference, vegaSource: string): string {
  const document = interferenceDocument(interference, { palette: PAGE_PALETTE, hasLegend: false });
  const version = interference.tenantryVersion;
  const origin = "simulations. Equal scenario, seed and version give an equal page.";
  return htmlPage(document, { vegaSource, version, origin });
}

/** Renders interference.md. */
export function interferenceMarkdown(interference: Interference): string {
  return markdownOf(interferenceDocument(interference, { palette: LIGHT, hasLegend: false }));
}

function interferenceDocument(interference: Interference, style: ChartStyle): ReportDocument {
  const { scenario, policy, neighbours, simulatedSeconds, setting } = interference;
  const { seeds } = setting;
  const sections = [
    { id: "map", title: "Who costs whom", blocks: mapBlocks(interference, style) },
    {
      id: "figures",
      title: "Figures",
      blocks: interferenceTables(interference).map((table): Block => ({ kind: "table", table })),
    },
    {
      id: "notes",
      title: "How to read this",
      blocks: [
        ...interferenceNotes(interference).map((text): Block => ({ kind: "text", text })),
        { kind: "definitions", definitions: DEFINED } as const,
      ],
    },
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
    sections: sections.filter(({ blocks }) => blocks.length > 0),
  };
}

const DEFINED = [DEFINITIONS.ttft, DEFINITIONS.quantiles, DEFINITIONS.compliance];

/** Side by side where they are small; else each as wide as the page. */
function mapBlocks(interference: Interference, style: ChartStyle): readonly Block[] {
  const charts = interferenceMaps(interference, style);
  if (charts.length === 0) return [];
  return interference.neighbours.length <= SIDE_BY_SIDE
    ? [{ kind: "charts", charts }]
    : charts.map((chart) => ({ kind: "charts", charts: [chart] }));
}

/** Renders interference.csv: a row per pair, with every digit. */
export function interferenceCsv({ tenants, neighbours }: Interference): string {
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
