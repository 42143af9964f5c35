/**
 * Interference as heat maps: who bears it downwards, whose presence it is across. Red is a cost, blue a gain, and no colour is
 * no change: both sides of the scale are equally long and grow evenly, so equal steps look equal. Colours are one hue each with
 * a growing opacity, since a page's colours follow the reader's scheme and cannot be mixed beforehand.
 */
import { assert } from "../../base/assert.ts";
import { type Chart, type ChartStyle, frame, type LegendEntry } from "../charts/frame.ts";
import { CELL_HEIGHT, heatLayers, MOST_OPACITY } from "../charts/heat.ts";
import type { Palette } from "../charts/palette.ts";
import { ROWS } from "../charts/rows.ts";
import { formatNumber } from "../format.ts";
import { type Change, type Interference, mayBeChance } from "./matrix.ts";
import { bothText, changesOf, COMPLIANCE, type Measure, ratioText, TTFT } from "./words.ts";

/** Up to this many tenants two maps stand side by side. */
export const SIDE_BY_SIDE = 6;

/** How a change becomes a place on the scale: 0 is no change, above is a cost. */
interface Scale {
  readonly of: (change: Change) => number;
  /** The end of the scale is at least here. */
  readonly leastEnd: number;
  /** The end that the scale has when it must reach `most`. */
  readonly roundUp: (most: number) => number;
  readonly label: (at: number) => string;
  readonly note: string;
}

const RATIO: Scale = {
  of: ({ ratio }) => (ratio === null || ratio <= 0 ? 0 : Math.log2(ratio)),
  leastEnd: 1,
  roundUp: Math.ceil,
  label: (at) => `${formatNumber(2 ** at, 2)}×`,
  note: "Colours: P99 with, as a multiple of without, on a log scale.",
};

const POINTS: Scale = {
  of: ({ change }) => -change,
  leastEnd: 0.01,
  roundUp: (most) => Math.ceil(most * 100) / 100,
  label: (at) =>
    at === 0 ? "0 pp" : `${at > 0 ? "−" : "+"}${formatNumber(Math.abs(at) * 100, 2)} pp`,
  note: "Colours: percentage points lost or gained.",
};

/** One map per measure; undefined where nothing was measured. */
export function interferenceMaps(interference: Interference, style: ChartStyle): readonly Chart[] {
  return [
    heatMap(interference, TTFT, { scale: RATIO, style }),
    heatMap(interference, COMPLIANCE, { scale: POINTS, style }),
  ].filter((chart) => chart !== undefined);
}

interface Look {
  readonly scale: Scale;
  readonly style: ChartStyle;
}

function heatMap(
  interference: Interference,
  measure: Measure,
  { scale, style }: Look,
): Chart | undefined {
  const places = changesOf(interference, measure).map(({ change }) => Math.abs(scale.of(change)));
  if (places.length === 0) return undefined;
  const end = scale.roundUp(places.reduce((most, place) => Math.max(most, place), scale.leastEnd));
  const shown = shownTenants(interference);
  const isCut = shown.length < interference.neighbours.length;
  const cells = cellsOf(interference, { measure, scale, end, shown, palette: style.palette });
  return {
    id: `interference-${measure.id}`,
    title: `${measure.title}: what presence costs`,
    note: `Down: who bears it. Across: whose presence it is. ${scale.note}${interference.confidence === null ? "" : " A question mark: the interval includes zero."}${isCut ? ` Showing ${shown.length} of ${interference.neighbours.length} tenants, those with the largest changes; the tables hold all.` : ""}`,
    legend: legend(scale, end, style.palette),
    spec: frame(style, {
      title: `${measure.title}: what each tenant's presence costs every other`,
      height: CELL_HEIGHT * shown.length,
      layer: heatLayers(
        {
          cells,
          x: { field: "neighbour", names: shown },
          y: { field: "sufferer", names: shown },
          tooltip: TOOLTIP,
        },
        style,
      ),
    }),
  };
}

const TOOLTIP = [
  { field: "sufferer", title: "Who" },
  { field: "neighbour", title: "Neighbour" },
  { field: "text", title: "Change" },
  { field: "ratio", title: "Ratio" },
  { field: "both", title: "Values" },
];

/** All tenants, or those that bear or cause most, in the order of the scenario. */
function shownTenants(interference: Interference): readonly string[] {
  const { neighbours } = interference;
  if (neighbours.length <= ROWS) return neighbours;
  const most = new Map<string, number>();
  for (const { sufferer, neighbour, change } of changesOf(interference, TTFT)) {
    const place = Math.abs(RATIO.of(change));
    for (const name of [sufferer, neighbour]) {
      most.set(name, Math.max(most.get(name) ?? 0, place));
    }
  }
  const ranked = neighbours.toSorted((a, b) => (most.get(b) ?? 0) - (most.get(a) ?? 0));
  const chosen = new Set(ranked.slice(0, ROWS));
  return neighbours.filter((name) => chosen.has(name));
}

interface Drawing {
  readonly measure: Measure;
  readonly scale: Scale;
  readonly end: number;
  readonly shown: readonly string[];
  readonly palette: Palette;
}

interface PairCell {
  readonly sufferer: string;
  readonly neighbour: string;
  readonly colour: string;
  readonly opacity: number;
  readonly text: string;
  readonly both: string;
  readonly ratio: string;
}

function cellsOf(interference: Interference, drawing: Drawing): readonly PairCell[] {
  const { shown } = drawing;
  const { neighbours, tenants } = interference;
  return tenants
    .filter(({ tenant }) => shown.includes(tenant))
    .flatMap(({ tenant, effects }) =>
      effects.flatMap((effect, at) => {
        const neighbour = neighbours[at];
        assert(neighbour !== undefined, "an effect for every neighbour");
        if (!shown.includes(neighbour)) return [];
        const change = effect === null ? null : drawing.measure.of(effect);
        const names = { sufferer: tenant, neighbour };
        return [{ ...names, ...lookOf(change, effect === null, drawing) }];
      }),
    );
}

function lookOf(
  change: Change | null,
  isSelf: boolean,
  { measure, scale, end, palette }: Drawing,
): Omit<PairCell, "sufferer" | "neighbour"> {
  if (change === null) {
    const both = isSelf ? "itself" : "under 100 samples";
    return { colour: palette.line, opacity: isSelf ? 1 : 0.5, text: "", both, ratio: "" };
  }
  const place = scale.of(change);
  return {
    colour: place >= 0 ? palette.bad : palette.accent,
    opacity: Number((MOST_OPACITY * (Math.abs(place) / end)).toFixed(3)),
    text: `${measure.change(change)}${mayBeChance(change) ? " ?" : ""}`,
    both: bothText(change, measure),
    ratio: measure.id === "ttft" ? ratioText(change) : "",
  };
}

/** Five places of the scale, from the greatest gain to the greatest cost. */
function legend(scale: Scale, end: number, palette: Palette): readonly LegendEntry[] {
  return [-1, -0.5, 0, 0.5, 1].map((place) => {
    const hue = place >= 0 ? palette.bad : palette.accent;
    // No change has no colour, so its square needs an outline.
    if (place === 0) return { label: scale.label(0), glyph: "□", colour: palette["ink-3"] };
    const opacity = MOST_OPACITY * Math.abs(place);
    return { label: scale.label(place * end), colour: hue, opacity };
  });
}
