/**
 * The key figures at the top: a handful of numbers, each with what is needed to read it honestly. Busy utilization stands
 * beside MFU and memory bandwidth because it flatters, and attribution accuracy beside the rule it is meant to beat.
 */
import type { LoadBlock, Results } from "../results/results.ts";
import { usdPerHour } from "../results/measures.ts";
import { DEFINITIONS } from "./definitions.ts";
import {
  formatCount,
  formatMonthlyUsd,
  formatMs,
  formatNumber,
  formatPercent,
  formatShare,
  formatUsd,
} from "./format.ts";
import { HOURS_PER_MONTH } from "./run/costs.ts";

export interface FigureValue {
  readonly value: string;
  /** What this value is, where a figure has several. */
  readonly name?: string;
  /** From 0 to 1, to be drawn as a bar. */
  readonly share?: number;
}

export interface KeyFigure {
  readonly label: string;
  readonly values: readonly FigureValue[];
  readonly detail: string;
  readonly hint: string;
}

export function keyFigures(results: Results): readonly KeyFigure[] {
  const { load } = results;
  if (load !== undefined) return [requestFigure(results), ...loadFigures(results, load)];
  return [
    requestFigure(results),
    ...utilizationFigure(results),
    attributionFigure(results),
    ...moneyFigures(results),
  ];
}

function requestFigure({ platform: { counts }, run }: Results): KeyFigure {
  const parts: readonly (readonly [number, string])[] = [
    [counts.completed, "completed"],
    [counts.rejected, "rejected"],
    [counts.failed, "failed"],
    [counts.cancelled, "cancelled"],
  ];
  const named = parts.filter(([count], index) => index === 0 || count > 0);
  return {
    label: "Requests",
    values: [{ value: formatCount(run.requests) }],
    detail: named.map(([count, word]) => `${formatCount(count)} ${word}`).join(", "),
    hint: "All requests of the run. Latency and compliance leave out those that arrived during the warm-up.",
  };
}

function utilizationFigure({ platform }: Results): readonly KeyFigure[] {
  const { utilization, saturation } = platform;
  if (utilization === null) return [];
  const { busy, mfu, memoryBandwidth } = utilization;
  const figure: KeyFigure = {
    label: "GPU utilization",
    values: [
      shareValue("of time in steps", busy),
      ...(saturation === null
        ? []
        : [
            shareValue("of saturation, mean", saturation.meanShare),
            shareValue("at the peak", saturation.peakShare),
          ]),
      shareValue("MFU", mfu),
      shareValue("memory bandwidth", memoryBandwidth),
    ],
    detail:
      saturation === null
        ? "Time in steps flatters: one sequence makes a step. The others say how much of the hardware was used."
        : `Time in steps flatters: one sequence makes a step. Saturation is what the same GPUs give of this mix with every queue full: ${formatCount(Math.round(saturation.tokensPerS))} tokens/s.`,
    hint: DEFINITIONS.utilization.meaning,
  };
  return [figure];
}

/** What a run measured from outside has instead of utilization and GPU money. */
function loadFigures({ platform }: Results, load: LoadBlock): readonly KeyFigure[] {
  return [
    {
      label: "Load generator",
      values: [
        { name: "sent late, P99", value: formatMs(load.sendLagMs.p99) },
        { name: "read late, P99", value: formatMs(load.loopLagMsP99) },
        { name: "most in flight", value: formatCount(load.mostInFlight) },
      ],
      detail: load.keptUp
        ? "It kept up: what it added to the latencies is within these."
        : "It did not keep up: these latencies are partly its own.",
      hint: "How late the generator itself was. Latencies count from the intended time of sending, so its lateness is in them.",
    },
    {
      label: "Billed for tokens",
      values: [{ value: formatUsd(platform.revenueUsd) }],
      detail: "Tokens times the scenario's prices; a client cannot see GPU time.",
      hint: "Input, cached input and output tokens, as the server's usage records say.",
    },
  ];
}

function attributionFigure({ attribution }: Results): KeyFigure {
  const isAudited = attribution.accuracy !== null;
  return {
    label: "Attribution accuracy",
    values: [
      { name: "as billed", value: formatPercent(attribution.accuracy) },
      { name: "by 1/batch", value: formatPercent(attribution.accuracyByBatchShare) },
    ],
    detail: isAudited
      ? `Bills held against the true division of GPU time, over ${formatCount(attribution.auditedRequests)} requests.`
      : "This run was not audited.",
    hint: DEFINITIONS.attribution.meaning,
  };
}

function moneyFigures(results: Results): readonly KeyFigure[] {
  const { platform } = results;
  const perHour = usdPerHour(results);
  return [
    {
      label: "GPU cost",
      values: [
        { name: "an hour", value: formatUsd(perHour) },
        {
          name: "a month",
          value: formatMonthlyUsd(perHour === null ? null : perHour * HOURS_PER_MONTH),
        },
      ],
      detail: `${formatUsd(platform.gpuUsd)} for this run: ${formatCount(platform.gpus)} GPUs, ${formatNumber(platform.gpuHours, 4)} GPU hours, ${formatUsd(platform.idleUsd)} of it idle.`,
      hint: `All provisioned GPU time at its price, whether used or not. A month is ${HOURS_PER_MONTH} hours.`,
    },
    {
      label: "GPU cost per million tokens",
      values: [{ value: formatUsd(platform.usdPerMillionTokens) }],
      detail: `${formatUsd(platform.revenueUsd)} billed to tenants for this run.`,
      hint: "GPU cost per million tokens served, input and output.",
    },
  ];
}

function shareValue(name: string, share: number): FigureValue {
  return { name, value: formatShare(share), share };
}
