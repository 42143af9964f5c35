/**
 * A chart on its own, as a file: with the title, the legend and the background that a page would have drawn around it, and a
 * width of its own. The legend is a layer of invisible marks, so that what the chart means by its colours is said once, in its
 * record, wherever it is drawn.
 */
import type { TopLevelSpec } from "vega-lite";
import { type Chart, FONT, type Layer, type LegendEntry } from "./frame.ts";
import { LIGHT } from "./palette.ts";
import { HOVER_LAYER } from "./time.ts";

/** Pixels: wide enough for a slide, and not wider than a column of text on a code host. */
const WIDTH = 760;
/** Room of one entry: its symbol with the gaps around it, and a character of its label at 11 px. Pixels, assumed. */
const SYMBOL_WIDTH = 34;
const CHARACTER_WIDTH = 6.5;

/** Vega's names for the characters that stand for marks in a page's legend. */
const SHAPES: ReadonlyMap<string, string> = new Map([
  ["●", "circle"],
  ["◆", "diamond"],
  ["■", "square"],
  ["▲", "triangle-up"],
  ["❘", "M-0.25,-1.2H0.25V1.2H-0.25Z"],
  ["□", "M-1,-1H1V1H-1ZM-0.8,-0.8V0.8H0.8V-0.8Z"],
  ["○", "M0,-1A1,1,0,1,1,0,1A1,1,0,1,1,0,-1ZM0,-0.7A0.7,0.7,0,1,0,0,0.7A0.7,0.7,0,1,0,0,-0.7Z"],
]);

/** The chart as a Vega-Lite specification that needs nothing around it. The chart must have been made in light colours. */
export function standalone({ title, note, legend, spec }: Chart): TopLevelSpec {
  const own: TopLevelSpec = {
    ...spec,
    description: note,
    width: WIDTH,
    background: LIGHT.surface,
    padding: 12,
    title: {
      text: title,
      anchor: "start",
      frame: "group",
      font: FONT,
      fontSize: 14,
      fontWeight: 600,
      color: LIGHT.ink,
      offset: 10,
    },
  };
  if (legend.length === 0) return own;
  return {
    ...own,
    layer: [...spec.layer, legendLayer(legend)],
    resolve: { scale: { fill: "independent", shape: "independent" } },
  };
}

/** The same for a picture, which nobody points at. */
export function still(chart: Chart): TopLevelSpec {
  const layer = chart.spec.layer.filter(({ name }) => name !== HOVER_LAYER);
  return standalone({ ...chart, spec: { ...chart.spec, layer } });
}

function legendLayer(legend: readonly LegendEntry[]): Layer {
  const domain = legend.map(({ label }) => label);
  const entry = { field: "entry", type: "nominal" } as const;
  return {
    data: { values: domain.map((label) => ({ entry: label })) },
    mark: { type: "point", filled: true, opacity: 1, size: 0 },
    encoding: {
      fill: {
        ...entry,
        scale: { domain, range: legend.map(mixed) },
        legend: {
          orient: "top",
          title: null,
          columns: columns(domain),
          symbolStrokeWidth: 0,
          symbolOpacity: 1,
          symbolSize: 90,
          labelFont: FONT,
          labelFontSize: 11,
          labelColor: LIGHT["ink-2"],
          labelLimit: 320,
        },
      },
      shape: {
        ...entry,
        scale: { domain, range: legend.map(({ glyph }) => SHAPES.get(glyph ?? "■") ?? "square") },
      },
    },
  };
}

/** As many entries to a line as the longest of them lets. */
function columns(labels: readonly string[]): number {
  const longest = labels.reduce((most, label) => Math.max(most, Array.from(label).length), 0);
  const fitting = Math.floor(WIDTH / (SYMBOL_WIDTH + CHARACTER_WIDTH * longest));
  return Math.max(1, Math.min(labels.length, fitting));
}

/** The colour as it looks on the chart's ground: not every reader of files knows opacity. */
function mixed({ colour, opacity = 1 }: LegendEntry): string {
  if (opacity === 1) return colour;
  const part = (at: number): string => {
    const [over, under] = [colour, LIGHT.surface].map((hex) => parseInt(hex.slice(at, at + 2), 16));
    const mean = Math.round(opacity * (over ?? 0) + (1 - opacity) * (under ?? 0));
    return mean.toString(16).padStart(2, "0");
  };
  return `#${part(1)}${part(3)}${part(5)}`;
}
