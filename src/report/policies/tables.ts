/** The tables of a comparison of policies, one row per policy: promises per tier, the smallest platform, fairness and cost. */
import {
  formatCount,
  formatMs,
  formatMsBeside,
  formatNumber,
  formatPercent,
  formatRate,
  formatShare,
  formatUsd,
} from "../format.ts";
import { type Cell, cell, left, right, type Table, toned, type Tone } from "../table.ts";
import { DEFINITIONS } from "../definitions.ts";
import { capital, VERDICT_WORDS, type Verdict } from "../verdict.ts";
import type { PolicyComparison, PolicyRow, TierFigures } from "./policies.ts";
import { policyName, sharedGpusText, smallestDetail } from "./words.ts";

const NOT_RUN =
  "It cannot run on the scenario's own platform, which has fewer replicas than tiers.";
const NO_GAP = "No two tenants of a pool were backlogged without a break.";
const TONES: Readonly<Record<Verdict, Tone>> = {
  met: "good",
  missed: "bad",
  "not-enough-data": "muted",
};

/** Every tier's figures, one row per policy. */
export function promiseTable({ tiers, policies }: PolicyComparison): Table {
  return {
    title: "Promises, on the scenario's own platform",
    columns: [
      left("Policy"),
      ...tiers.flatMap(({ name }) => [
        right(`${capital(name)}: SLA`, DEFINITIONS.verdict.meaning),
        right(
          `${capital(name)}: compliance`,
          "Share of requests within quota that met every target.",
        ),
        right(`${capital(name)}: TTFT P99`, DEFINITIONS.ttft.meaning),
        right(`${capital(name)}: goodput`, DEFINITIONS.goodput.meaning),
      ]),
    ],
    rows: policies.map((row) => [
      cell(policyName(row.name)),
      ...row.tiers.flatMap((tier, at) => tierCells(row, tier, tiers[at]?.ttftLimitMs ?? null)),
    ]),
  };
}

function tierCells(
  { isRun }: PolicyRow,
  tier: TierFigures,
  limitMs: number | null,
): readonly Cell[] {
  const why = isRun ? undefined : NOT_RUN;
  return [
    isRun ? toned(VERDICT_WORDS[tier.verdict], TONES[tier.verdict]) : cell("—", NOT_RUN),
    cell(formatPercent(tier.complianceOwed), why),
    cell(ttftText(tier, limitMs), why),
    cell(formatRate(tier.goodputPerS), why),
  ];
}

/** With the digits it takes to tell it from its target. */
export function ttftText({ ttftMsP99 }: TierFigures, limitMs: number | null): string {
  return limitMs === null ? formatMs(ttftMsP99) : formatMsBeside(ttftMsP99, limitMs);
}

/** Undefined where nobody searched. */
export function smallestTable({ policies }: PolicyComparison): Table | undefined {
  if (policies.every(({ smallest }) => smallest === null)) return undefined;
  return {
    title: "Smallest platform that keeps every promise",
    columns: [
      left("Policy"),
      right("Shared GPUs", "Of the pools that were searched."),
      right("Total GPUs", "With the pools that were kept as they are."),
      { ...left("Replicas, per pool"), isProse: true },
    ],
    rows: policies.map((row) => [
      cell(policyName(row.name)),
      row.smallest?.kind === "found"
        ? cell(sharedGpusText(row))
        : toned(sharedGpusText(row), row.smallest?.kind === "not-within" ? "bad" : "muted"),
      cell(formatCount(row.totalGpus), "No smallest platform was found."),
      cell(smallestDetail(row)),
    ]),
  };
}

export function platformTable({ policies }: PolicyComparison): Table {
  return {
    title: "Fairness, work lost, cost",
    columns: [
      left("Policy"),
      right(
        "Service gap",
        "Largest difference of weighted service between two tenants that both stayed backlogged, in weighted tokens.",
      ),
      right(
        "Its bound",
        "What a fair scheduler would keep that pair within (Sheng et al., OSDI'24).",
      ),
      right("Jain's index", DEFINITIONS.jain.meaning),
      right("Preemptions", "Times a running request was evicted and queued again."),
      right(
        "Tokens again",
        "Prompt and output tokens whose context was computed again after a preemption or a crash.",
      ),
      right("GPU time again", "GPU time of such work."),
      right(
        "GPU cost per M tokens",
        "GPU cost per million input and output tokens, on the scenario's own platform.",
      ),
      right("Busy", DEFINITIONS.utilization.meaning),
      right("MFU", DEFINITIONS.mfu.meaning),
    ],
    rows: policies.map((row) => platformCells(row)),
  };
}

function platformCells(row: PolicyRow): readonly Cell[] {
  const why = row.isRun ? undefined : NOT_RUN;
  const { serviceGap: gap, serviceGapBound: bound } = row;
  const isOver = gap !== null && bound !== null && gap > bound;
  const gapText = formatNumber(gap, 4);
  return [
    cell(policyName(row.name)),
    isOver ? toned(gapText, "bad", "Beyond its bound.") : cell(gapText, why ?? NO_GAP),
    cell(formatNumber(bound, 4), why ?? NO_GAP),
    cell(formatNumber(row.jainIndex, 4), why ?? "No tenant was backlogged beside another."),
    cell(formatCount(row.preemptions), why),
    cell(formatCount(row.recomputedTokens), why),
    cell(secondsText(row.recomputedGpuSeconds), why),
    cell(formatUsd(row.usdPerMillionTokens), why),
    cell(formatShare(row.busy), why),
    cell(formatShare(row.mfu), why),
  ];
}

export function secondsText(seconds: number | null): string {
  return formatMs(seconds === null ? null : seconds * 1000);
}
