/**
 * The dashboard's charts as Vega specifications, compiled once; the browser only ever changes their data. Time runs from
 * "some minutes ago" to "now", so no clock of the reader's matters. Colours are CSS variables that follow the reader's
 * scheme. Data sets by name: `points` (and `dots`, points without neighbours), `target`, `slices` (what the pointer shows).
 */
import { type TopLevelSpec, compile } from "vega-lite";
import type { PlatformConfig } from "../../engine/config.ts";
import {
  type ChartStyle,
  frame,
  type Layer,
  ROW_HEIGHT,
  TIME_HEIGHT,
} from "../../report/charts/frame.ts";
import { categorical, PAGE_PALETTE } from "../../report/charts/palette.ts";

const STYLE: ChartStyle = { palette: PAGE_PALETTE };

export interface LiveChart {
  readonly id: string;
  readonly title: string;
  /** How to read it. */
  readonly note: string;
  /** What the browser makes of a slice to get its points (client-charts.ts). */
  readonly kind: "ttft" | "queued" | "running" | "tokens" | "flow" | "cost";
  /** Index of the tier of a `ttft` chart. */
  readonly tier: number | null;
  readonly spec: unknown;
}

const MS_AXIS = {
  tickCount: 5,
  labelExpr:
    "datum.value >= 1000 ? format(datum.value / 1000, '~r') + ' s' : format(datum.value, '~r') + ' ms'",
};
const COUNT_AXIS = {
  tickCount: 4,
  tickMinStep: 1,
  labelExpr: "format(datum.value, datum.value >= 1000 ? '~s' : '~r')",
};
const RATE_AXIS = {
  tickCount: 4,
  labelExpr: "format(datum.value, datum.value >= 1000 ? '~s' : '~r') + '/s'",
};

/** Seconds on the time axis at first; the browser widens it as the run gets longer. */
const FIRST_SPAN_S = 60;
const FIRST_TICKS = [-60, -45, -30, -15, 0];

/** All charts of a platform, in the order of the page. */
export function liveCharts({ tiers }: PlatformConfig): readonly LiveChart[] {
  return [
    ...tiers.map(({ name }, tier) =>
      overTime({
        id: `ttft-${tier}`,
        kind: "ttft",
        tier,
        title: `Time to first token, ${name}`,
        note: "P99 of the requests that got their first token in each slice of two seconds; where those are fewer than 100, the slowest of them. The wide line is the whole tier, the dashed one its target.",
        axis: MS_AXIS,
        isStacked: false,
      }),
    ),
    overTime({
      id: "queued",
      kind: "queued",
      tier: null,
      title: "Requests waiting",
      note: "In the tenants' queues, stacked by tier.",
      axis: COUNT_AXIS,
      isStacked: true,
    }),
    overTime({
      id: "running",
      kind: "running",
      tier: null,
      title: "Requests running",
      note: "Bound to a replica, stacked by tier.",
      axis: COUNT_AXIS,
      isStacked: true,
    }),
    overTime({
      id: "flow",
      kind: "flow",
      tier: null,
      title: "Arrivals, completions and rejections",
      note: "Requests per second. Completions that lag behind arrivals are work piling up.",
      axis: RATE_AXIS,
      isStacked: false,
    }),
    overTime({
      id: "tokens",
      kind: "tokens",
      tier: null,
      title: "Output tokens",
      note: "Per second, counted when their request ends; stacked by tier.",
      axis: RATE_AXIS,
      isStacked: true,
    }),
    costChart(),
  ];
}

/** Gold, silver and bronze look their part; a tier by another name gets a colour by its place. */
export function tierColours({ tiers }: PlatformConfig): readonly string[] {
  return tiers.map(({ name }, place) =>
    name === "gold" || name === "silver" || name === "bronze"
      ? PAGE_PALETTE[name]
      : categorical(PAGE_PALETTE, place),
  );
}

interface TimeSpec {
  readonly id: string;
  readonly kind: LiveChart["kind"];
  readonly tier: number | null;
  readonly title: string;
  readonly note: string;
  readonly axis: object;
  readonly isStacked: boolean;
}

function overTime({ axis, isStacked, ...chart }: TimeSpec): LiveChart {
  const body = frame(STYLE, {
    title: chart.title,
    height: TIME_HEIGHT,
    layer: [
      isStacked ? areaLayer(axis) : lineLayer(axis),
      ...(isStacked ? [] : [dotLayer()]),
      ...targetLayers(),
      slicesLayer(),
    ],
  });
  const spec: TopLevelSpec = {
    ...body,
    params: [
      { name: "span", value: FIRST_SPAN_S },
      { name: "ticks", value: FIRST_TICKS },
    ],
  };
  return { ...chart, spec: compile(spec).spec };
}

function timeAxis() {
  return {
    field: "x",
    type: "quantitative",
    title: null,
    scale: { domainMin: { expr: "-span" }, domainMax: 0, nice: false, zero: false },
    axis: {
      values: { expr: "ticks" },
      grid: false,
      labelExpr:
        "datum.value === 0 ? 'now' : span > 90 ? format(-datum.value / 60, '~r') + ' min ago' : format(-datum.value, '~r') + ' s ago'",
      labelFlush: true,
    },
  } as const;
}

const OWN_COLOUR = { field: "colour", type: "nominal", scale: null, legend: null } as const;

function valueAxis(axis: object): object {
  return {
    field: "value",
    type: "quantitative",
    title: null,
    scale: { zero: true, nice: true },
    axis,
  };
}

/** Of counts and rates: reaches 1 at least, so that nothing at all lies at the foot of the chart. */
function countAxis(axis: object): object {
  return { ...valueAxis(axis), scale: { nice: true, domain: { unionWith: [0, 1] } } };
}

function lineLayer(axis: object): Layer {
  return {
    data: { name: "points" },
    mark: { type: "line", strokeCap: "round", strokeJoin: "round", clip: true, tooltip: null },
    encoding: {
      x: timeAxis(),
      y: { ...valueAxis(axis), stack: null },
      color: OWN_COLOUR,
      detail: { field: "series" },
      strokeWidth: { field: "width", type: "quantitative", scale: null, legend: null },
    },
  };
}

function areaLayer(axis: object): Layer {
  return {
    data: { name: "points" },
    mark: { type: "area", fillOpacity: 0.8, line: false, clip: true, tooltip: null },
    encoding: {
      x: timeAxis(),
      y: { ...countAxis(axis), stack: "zero" },
      color: OWN_COLOUR,
      detail: { field: "series" },
      order: { field: "place", type: "quantitative" },
    },
  };
}

/** A value between two slices without any is no line: it would not be seen. */
function dotLayer(): Layer {
  return {
    data: { name: "dots" },
    mark: { type: "circle", size: 12, opacity: 1, clip: true, tooltip: null },
    encoding: { x: timeAxis(), y: { field: "value", type: "quantitative" }, color: OWN_COLOUR },
  };
}

function targetLayers(): readonly Layer[] {
  const y = { field: "value", type: "quantitative" } as const;
  return [
    {
      data: { name: "target" },
      mark: {
        type: "rule",
        color: PAGE_PALETTE.bad,
        strokeDash: [5, 4],
        strokeWidth: 1.25,
        tooltip: null,
      },
      encoding: { y },
    },
    {
      data: { name: "target" },
      mark: {
        type: "text",
        align: "left",
        baseline: "bottom",
        x: 4,
        dy: -4,
        fontSize: 11,
        color: PAGE_PALETTE.bad,
        tooltip: null,
      },
      encoding: { y, text: { field: "label" } },
    },
  ];
}

/** Invisible slices over the whole height: wherever the pointer is, its slice's values show. */
function slicesLayer(): Layer {
  return {
    name: "slices",
    data: { name: "slices" },
    mark: {
      type: "rect",
      fill: PAGE_PALETTE.ink,
      fillOpacity: 0,
      clip: true,
      tooltip: { content: "data" },
      aria: false,
    },
    encoding: { x: timeAxis(), x2: { field: "x2" } },
  };
}

function costChart(): LiveChart {
  const chart = {
    id: "cost",
    kind: "cost",
    tier: null,
    title: "Charged so far, per tenant",
    note: "US dollars since the start, by what for. GPU time is charged when a request ends; idle time of dedicated pools and adapters every ten seconds.",
  } as const;
  const spec = frame(STYLE, {
    title: chart.title,
    height: ROW_HEIGHT,
    layer: [
      {
        data: { name: "points" },
        mark: { type: "bar", height: { band: 0.62 }, tooltip: { content: "data" } },
        encoding: {
          y: {
            field: "tenant",
            type: "nominal",
            title: null,
            sort: { field: "place", op: "min" },
            axis: { labelLimit: 110, grid: false },
          },
          x: {
            field: "value",
            type: "quantitative",
            title: null,
            stack: "zero",
            axis: { tickCount: 4, labelExpr: "'$' + format(datum.value, '~r')" },
          },
          color: OWN_COLOUR,
          order: { field: "kind", type: "quantitative" },
        },
      },
    ],
  });
  return { ...chart, spec: compile(spec).spec };
}
