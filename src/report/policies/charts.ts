/** The charts of a comparison of policies: GPUs each takes, P99 of the time to first token, and requests that missed. */
import {
  type Chart,
  type ChartStyle,
  compact,
  countScale,
  frame,
  type Layer,
  type LegendEntry,
  ROW_HEIGHT,
  timeScale,
} from "../charts/frame.ts";
import { categorical } from "../charts/palette.ts";
import { groupedAxis, groupedHeight, nameAxis, OWN_COLOUR } from "../charts/rows.ts";
import { formatCount, formatLimitMs, formatMs, formatPercent } from "../format.ts";
import { capital } from "../verdict.ts";
import type { PolicyComparison, PolicyRow, TierFigures } from "./policies.ts";
import { policyName, sharedGpusText } from "./words.ts";

/** Fewest GPUs per policy, the kept ones beside the shared; undefined without an answer. */
export function gpuChart(comparison: PolicyComparison, style: ChartStyle): Chart | undefined {
  const { policies, setting } = comparison;
  const { palette } = style;
  if (policies.every(({ totalGpus }) => totalGpus === null)) return undefined;
  const hasKept = setting.otherGpus > 0;
  const shared = { label: "Shared", colour: palette.c0 };
  return {
    id: "policies-gpus",
    title: "Fewest GPUs that keep every promise",
    note: hasKept
      ? "Labels: shared GPUs, of all. The kept ones were not searched."
      : "Labels: shared GPUs.",
    legend: hasKept ? [{ label: KEPT, colour: palette.c7 }, shared] : [shared],
    spec: frame(style, {
      title: "Fewest GPUs with which each policy keeps every promise",
      height: (ROW_HEIGHT + 4) * policies.length,
      layer: gpuLayers(comparison, style),
    }),
  };
}

const KEPT = "Dedicated and others, kept";

function gpuLayers({ policies, setting }: PolicyComparison, style: ChartStyle): readonly Layer[] {
  const { palette } = style;
  const { otherGpus: kept } = setting;
  const bars = policies.flatMap(({ name, smallest }) => {
    if (smallest?.kind !== "found") return [];
    const policy = policyName(name);
    const to = kept + smallest.gpus;
    const shared = { policy, what: "Shared", from: kept, to, colour: palette.c0 };
    const others = { policy, what: KEPT, from: 0, to: kept, colour: palette.c7 };
    return (kept > 0 ? [others, shared] : [shared]).map((bar) => ({
      ...bar,
      text: formatCount(bar.to - bar.from),
    }));
  });
  const labels = policies.map((row) => ({
    policy: policyName(row.name),
    at: row.totalGpus ?? 0,
    text: gpuLabel(row, kept),
  }));
  const y = nameAxis(
    "policy",
    policies.map(({ name }) => policyName(name)),
  );
  const most = labels.reduce((high, { at }) => Math.max(high, at), 1);
  const scale = { domain: [0, most * 1.25], nice: false };
  const axis = { tickCount: 5, format: "d", tickMinStep: 1 };
  const tooltip = [
    { field: "policy", title: "Policy" },
    { field: "what", title: "GPUs" },
    { field: "text", title: "Count" },
  ];
  return [
    {
      data: { values: bars },
      mark: { type: "bar", height: 16 },
      encoding: {
        x: { field: "from", type: "quantitative", title: null, scale, axis },
        x2: { field: "to" },
        y,
        color: OWN_COLOUR,
        tooltip,
      },
    },
    {
      data: { values: labels },
      mark: { type: "text", align: "left", dx: 6, color: palette["ink-2"], fontSize: 11 },
      encoding: {
        x: { field: "at", type: "quantitative", scale },
        y,
        text: { field: "text", type: "nominal" },
      },
    },
  ];
}

function gpuLabel(row: PolicyRow, kept: number): string {
  const shared = sharedGpusText(row);
  return kept > 0 && row.totalGpus !== null ? `${shared} of ${formatCount(row.totalGpus)}` : shared;
}

/** One tier under one policy. */
interface Point {
  readonly tier: string;
  readonly side: string;
  readonly colour: string;
  readonly value: number;
  readonly text: string;
}

/** P99 TTFT per tier, policy by policy, with the targets as lines. */
export function ttftChart(comparison: PolicyComparison, style: ChartStyle): Chart | undefined {
  const points = pointsOf(comparison, style, {
    of: ({ ttftMsP99 }) => ttftMsP99,
    words: formatMs,
  });
  if (points.length === 0) return undefined;
  const limits = comparison.tiers.flatMap(({ name, ttftLimitMs: value }) =>
    value === null ? [] : [{ tier: capital(name), value, text: formatLimitMs(value) }],
  );
  const { scale, axis, floor, isLog } = timeScale([...points, ...limits].map(({ value }) => value));
  const drawn = points.map((point) => ({ ...point, value: compact(Math.max(point.value, floor)) }));
  const x = { field: "value", type: "quantitative", title: null, scale, axis } as const;
  const { y, yOffset } = policyAxis(comparison);
  const tick: Layer = {
    data: { values: limits },
    mark: {
      type: "tick",
      orient: "vertical",
      thickness: 1.5,
      color: style.palette.bad,
      size: groupedHeight(1, comparison.policies.length) * 0.8,
    },
    encoding: {
      x,
      y,
      tooltip: [
        { field: "tier", title: "Tier" },
        { field: "text", title: "Target" },
      ],
    },
  };
  return {
    id: "policies-ttft",
    title: "P99 of the time to first token, per tier",
    note: `On the scenario's own platform. Red lines are targets.${isLog ? " Log scale." : ""}`,
    legend: policyLegend(comparison, style),
    spec: frame(style, {
      title: "P99 of the time to first token per tier and policy, with targets",
      height: groupedHeight(comparison.tiers.length, comparison.policies.length),
      layer: [
        tick,
        {
          data: { values: drawn },
          mark: {
            type: "point",
            filled: true,
            size: 70,
            opacity: 1,
            stroke: style.palette.surface,
          },
          encoding: { x, y, yOffset, color: OWN_COLOUR, tooltip: TOOLTIP },
        },
      ],
    }),
  };
}

/** Share of requests within quota that missed a target or were not served; undefined where none was. */
export function missChart(comparison: PolicyComparison, style: ChartStyle): Chart | undefined {
  const points = pointsOf(comparison, style, {
    of: ({ complianceOwed }) => (complianceOwed === null ? null : 1 - complianceOwed),
    words: formatPercent,
  });
  if (points.every(({ value }) => value === 0)) return undefined;
  const values = points.map((point) => ({ ...point, value: compact(point.value) }));
  const { y, yOffset } = policyAxis(comparison);
  const axis = { tickCount: 5, format: "~p" };
  return {
    id: "policies-missed",
    title: "Requests that missed, per tier",
    note: "On the scenario's own platform: requests within quota that missed a target, or were not served.",
    legend: policyLegend(comparison, style),
    spec: frame(style, {
      title: "Share of requests that missed a target per tier and policy",
      height: groupedHeight(comparison.tiers.length, comparison.policies.length),
      layer: [
        {
          data: { values },
          mark: { type: "bar", height: 9 },
          encoding: {
            x: {
              field: "value",
              type: "quantitative",
              title: null,
              scale: countScale(points.map(({ value }) => value)),
              axis,
            },
            y,
            yOffset,
            color: OWN_COLOUR,
            tooltip: TOOLTIP,
          },
        },
      ],
    }),
  };
}

const TOOLTIP = [
  { field: "tier", title: "Tier" },
  { field: "side", title: "Policy" },
  { field: "text", title: "Value" },
];

function pointsOf(
  { policies }: PolicyComparison,
  { palette }: ChartStyle,
  measure: {
    readonly of: (tier: TierFigures) => number | null;
    readonly words: (value: number) => string;
  },
): readonly Point[] {
  return policies.flatMap(({ name, tiers }, index) =>
    tiers.flatMap((tier): readonly Point[] => {
      const value = measure.of(tier);
      if (value === null) return [];
      const text = measure.words(value);
      const colour = categorical(palette, index);
      return [{ tier: capital(tier.name), side: policyName(name), colour, value, text }];
    }),
  );
}

function policyAxis({ tiers, policies }: PolicyComparison) {
  return groupedAxis(
    "tier",
    tiers.map(({ name }) => capital(name)),
    policies.filter(({ isRun }) => isRun).map(({ name }) => policyName(name)),
  );
}

function policyLegend(
  { policies }: PolicyComparison,
  { palette }: ChartStyle,
): readonly LegendEntry[] {
  return policies.flatMap(({ name, isRun }, index) =>
    isRun ? [{ label: policyName(name), colour: categorical(palette, index) }] : [],
  );
}
