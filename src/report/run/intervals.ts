/** How sure a run's promised quantiles are, in a sentence and as a table: 95 % intervals by batches over the run's time. */
import type { QuantileInterval } from "../../results/quantile-interval.ts";
import type { Results, TargetResult, TierResult } from "../../results/results.ts";
import { formatLimitMs, formatMs, formatMsBeside } from "../format.ts";
import { type Cell, cell, left, right, type Table, toned } from "../table.ts";
import { capital, targetName } from "../verdict.ts";

interface Known {
  readonly tier: string;
  readonly target: TargetResult;
  readonly lowMs: number;
  readonly highMs: number;
}

const TOO_FEW = "Too few requests: five batches with five beyond the quantile each are the least.";

/** Quantiles named in a sentence. */
const NAMED = 2;

export function intervalWords(results: Results): readonly string[] {
  const known = knownOf(results);
  const open = known.filter((one) => isOpen(one));
  if (known.length === 0) return [];
  if (open.length === 0) {
    return ["No promised quantile's 95 % interval reaches its limit (by batches of this run)."];
  }
  const named = open.slice(0, NAMED).map(openWords);
  const more = open.length - named.length;
  return [
    `Chance may decide ${named.join("; ")}${more > 0 ? `; and ${more} more` : ""} (95 %, by batches of this run).`,
  ];
}

function openWords({ tier, target, lowMs, highMs }: Known): string {
  return `${tier}'s ${targetName(target)}: ${formatMs(lowMs)} to ${formatMs(highMs)} against ${formatLimitMs(target.limitMs)}`;
}

/** The limit lies within the interval: the verdict could have been the other one. */
function isOpen({ target, lowMs, highMs }: Known): boolean {
  return lowMs <= target.limitMs && target.limitMs < highMs;
}

function knownOf({ tiers }: Results): readonly Known[] {
  return tiers.flatMap(({ name, sla, intervals }) =>
    sla.targets.flatMap((target, at): readonly Known[] => {
      const { lowMs, highMs } = intervals[at] ?? { lowMs: null, highMs: null };
      return lowMs === null || highMs === null ? [] : [{ tier: name, target, lowMs, highMs }];
    }),
  );
}

/** Undefined where nothing was promised. */
export function intervalTable({ tiers }: Results): Table | undefined {
  const rows = tiers.flatMap((tier) => tier.intervals.map((one, at) => intervalRow(tier, one, at)));
  if (rows.length === 0) return undefined;
  return {
    title: "How sure the promised quantiles are",
    columns: [
      left("Tier"),
      left("Promise"),
      right("Limit"),
      right("Measured"),
      right(
        "95 % interval",
        "Of the quantile, from this run alone: by how much its batches over time differ. It does not cover what differs between seeds only, nor a trend over the whole run.",
      ),
      right("Batches"),
    ],
    rows,
  };
}

function intervalRow(
  { name, sla }: TierResult,
  { lowMs, highMs, batches }: QuantileInterval,
  at: number,
): readonly Cell[] {
  const target = sla.targets[at]!;
  const text = lowMs === null || highMs === null ? "—" : `${formatMs(lowMs)} – ${formatMs(highMs)}`;
  const isWide = lowMs !== null && highMs !== null && isOpen({ tier: name, target, lowMs, highMs });
  return [
    cell(capital(name)),
    cell(targetName(target)),
    cell(formatLimitMs(target.limitMs)),
    cell(target.measuredMs === null ? "—" : formatMsBeside(target.measuredMs, target.limitMs)),
    isWide ? toned(text, "bad", "The limit lies within it.") : cell(text, TOO_FEW),
    cell(batches === 0 ? "—" : String(batches), TOO_FEW),
  ];
}
