/**
 * Heat maps of two dimensions: which variants keep every promise, and each tier's tail. With more than two dimensions there is a map
 * of the first two, whose cells say how many of the variants behind them keep every promise.
 */
import { type Chart, type ChartStyle, frame, type LegendEntry } from "../charts/frame.ts";
import { CELL_HEIGHT, type HeatCell, heatLayers, MOST_OPACITY } from "../charts/heat.ts";
import type { Palette } from "../charts/palette.ts";
import { formatCount, formatMs, formatUsd } from "../format.ts";
import { capital, type Verdict } from "../verdict.ts";
import type { Sweep, SweepDimension, SweepRow } from "./sweep.ts";
import { estimateIn, keptText } from "./tables.ts";
import { hourly } from "./ranking.ts";
import { pointText, verdictText } from "./words.ts";

/** Rows or columns a map has room for. */
const MOST_NAMES = 40;

/** The first two dimensions, the longer one across; none where a sample or one dimension has no such plane. */
interface Axes {
  readonly across: number;
  readonly down: number;
}

function axesOf({ dimensions, isSampled }: Sweep): Axes | undefined {
  const [first, second] = dimensions;
  if (isSampled || first === undefined || second === undefined) return undefined;
  if (Math.max(first.values.length, second.values.length) > MOST_NAMES) return undefined;
  return second.values.length > first.values.length
    ? { across: 1, down: 0 }
    : { across: 0, down: 1 };
}

/** A cell's place, and the variants behind it. */
interface Place {
  readonly across: string;
  readonly down: string;
  readonly rows: readonly SweepRow[];
}

function placesOf({ dimensions, variants }: Sweep, { across, down }: Axes): readonly Place[] {
  return dimensions[down]!.values.flatMap((y) =>
    dimensions[across]!.values.map((x) => ({
      across: x,
      down: y,
      rows: variants.filter(({ point }) => point[across] === x && point[down] === y),
    })),
  );
}

/** The map of promises, then one of each tier's P99 where a cell is a variant. */
export function sweepMaps(sweep: Sweep, style: ChartStyle): readonly Chart[] {
  const axes = axesOf(sweep);
  if (axes === undefined) return [];
  const promises = mapOf(sweep, axes, {
    id: "promises",
    title: "Which variants keep every promise",
    note:
      sweep.dimensions.length === 2
        ? "Cells: what it costs per hour, or the tiers that miss."
        : "Cells: how many of the variants behind them keep every promise, whatever the other dimensions.",
    legend: verdictLegend(style.palette),
    cells: placesOf(sweep, axes).map((place) => ({
      ...namesOf(place),
      ...promiseCell(sweep, place, style.palette),
    })),
    style,
  });
  const tiers = sweep.dimensions.length === 2 ? (sweep.variants[0]?.tiers ?? []) : [];
  return [promises, ...tiers.flatMap((_, at) => tailMap(sweep, axes, { tier: at, style }))];
}

interface MapCell extends HeatCell {
  readonly across: string;
  readonly down: string;
  readonly what: string;
}

interface MapDrawing {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly legend: readonly LegendEntry[];
  readonly cells: readonly MapCell[];
  readonly style: ChartStyle;
}

function mapOf({ dimensions }: Sweep, axes: Axes, drawing: MapDrawing): Chart {
  const { id, title, note, legend, cells, style } = drawing;
  const across = dimensions[axes.across]!;
  const down = dimensions[axes.down]!;
  return {
    id: `sweep-map-${id}`,
    title,
    note: `Across: ${across.name}. Down: ${down.name}. ${note}`,
    legend,
    spec: frame(style, {
      title,
      height: CELL_HEIGHT * down.values.length,
      layer: heatLayers(
        {
          cells,
          x: { field: "across", names: namesIn(across) },
          y: { field: "down", names: namesIn(down) },
          tooltip: [
            { field: "across", title: "Across" },
            { field: "down", title: "Down" },
            { field: "what", title: "Variant" },
          ],
        },
        style,
      ),
    }),
  };
}

function namesIn({ values }: SweepDimension): readonly string[] {
  return values;
}

function namesOf({ across, down }: Place): { readonly across: string; readonly down: string } {
  return { across, down };
}

export function hueOf(verdict: Verdict, palette: Palette): string {
  if (verdict === "met") return palette.good;
  return verdict === "missed" ? palette.bad : palette["ink-3"];
}

function verdictLegend(palette: Palette): readonly LegendEntry[] {
  const entries = [
    ["Kept", palette.good],
    ["Missed", palette.bad],
    ["Too little data", palette["ink-3"]],
  ] as const;
  return entries.map(([label, hue]) => ({ label, colour: mixed(hue, MOST_OPACITY / 2, palette) }));
}

function mixed(hue: string, opacity: number, { surface }: Palette): string {
  return `color-mix(in srgb, ${hue} ${Math.round(100 * opacity)}%, ${surface})`;
}

/** No variant is behind a cell only in a sample, which has no maps. */
function promiseCell(sweep: Sweep, { rows }: Place, palette: Palette): HeatCell & { what: string } {
  const [first] = rows;
  if (first === undefined) return { colour: palette.line, opacity: 0.5, text: "", what: "" };
  if (rows.length === 1) {
    const isKept = first.verdict === "met";
    const missed = first.tiers.filter(({ verdict }) => verdict === first.verdict);
    return {
      colour: hueOf(first.verdict, palette),
      opacity: MOST_OPACITY / 2,
      text: isKept ? formatUsd(hourly(first)) : missed.map(({ name }) => name).join(" "),
      what: `${pointText(sweep, first.point)}: ${verdictText(first)}, ${formatUsd(hourly(first))} per hour`,
    };
  }
  const kept = rows.filter(({ verdict }) => verdict === "met").length;
  const share = kept / rows.length;
  return {
    colour: share >= 0.5 ? palette.good : palette.bad,
    opacity: Number((MOST_OPACITY * (share >= 0.5 ? share : 1 - share)).toFixed(3)),
    text: `${formatCount(kept)} of ${formatCount(rows.length)}`,
    what: `${formatCount(kept)} of ${formatCount(rows.length)} variants keep every promise`,
  };
}

/** Shorter times look the same: nobody waits for a tenth of a millisecond. */
const LEAST_MS = 0.1;

/** A tier's P99 on a log scale of strength; the hue says whether the tier's promise is kept. */
function tailMap(
  sweep: Sweep,
  axes: Axes,
  { tier, style }: { readonly tier: number; readonly style: ChartStyle },
): readonly Chart[] {
  const { palette } = style;
  const tailOf = (row: SweepRow): number | null =>
    estimateIn(row.tiers[tier]!.figures, "ttft-p99").mean;
  const tails = sweep.variants.map(tailOf).filter((value) => value !== null);
  if (tails.length === 0) return [];
  const low = Math.log(Math.max(LEAST_MS, Math.min(...tails)));
  const high = Math.log(Math.max(LEAST_MS, ...tails));
  const cells = placesOf(sweep, axes).map((place): MapCell => {
    const [row] = place.rows;
    const tail = row === undefined ? null : tailOf(row);
    if (row === undefined || tail === null) {
      return { ...namesOf(place), colour: palette.line, opacity: 0.5, text: "", what: "no sample" };
    }
    const own = row.tiers[tier]!;
    const strength = high === low ? 0.5 : (Math.log(Math.max(LEAST_MS, tail)) - low) / (high - low);
    return {
      ...namesOf(place),
      colour: hueOf(own.verdict, palette),
      opacity: Number((MOST_OPACITY * (0.15 + 0.85 * strength)).toFixed(3)),
      text: formatMs(tail),
      what: `${pointText(sweep, row.point)}: ${formatMs(tail)}, ${keptText(own)} kept`,
    };
  });
  const name = capital(sweep.variants[0]!.tiers[tier]!.name);
  const note = "The stronger, the longer (log scale); the colour is the tier's verdict.";
  const title = `${name}: P99 of the time to first token`;
  const legend = verdictLegend(palette);
  return [mapOf(sweep, axes, { id: `ttft-${tier}`, title, note, legend, cells, style })];
}
