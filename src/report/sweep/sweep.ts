/**
 * A sweep's runs as one value: every variant with its figures as means over the replications, and what each tier made of its
 * promise, which is as good as the worst replication. Written as sweep.json as it stands; page, tables and CSV are made of it.
 */
import { assert } from "../../base/assert.ts";
import type { Figures, RunFigures, TierFigures } from "../../results/figures.ts";
import { CONFIDENCE, type Interval, meanInterval, meanOrNull } from "../compare/paired.ts";
import { type Verdict, worstVerdict } from "../verdict.ts";

/** A dimension as it was varied. */
export interface SweepDimension {
  readonly name: string;
  /** Every value that some variant has, in order: of a grid as written, of a sample of numbers rising. */
  readonly values: readonly string[];
  /** The values as numbers, where they all are numbers of one unit. */
  readonly numbers: readonly number[] | null;
  readonly unit: string;
}

export interface SweepSetting {
  readonly tenantryVersion: string;
  readonly scenario: { readonly name: string; readonly description: string; readonly hash: string };
  readonly seeds: readonly number[];
  readonly isSampled: boolean;
  /** Clients that send otherwise when they are served otherwise. */
  readonly dependentClients: readonly string[];
  /** Names of the dimensions that change what is sent. */
  readonly trafficDimensions: readonly string[];
  /** What was asked for, as options: to ask again. */
  readonly asked: {
    readonly vary: readonly string[];
    /** Variants to draw; null for a grid. */
    readonly sample: number | null;
    readonly overrides: readonly string[];
  };
}

/** A mean over replications, and its 95 % interval where there are several. */
export interface Estimate {
  readonly mean: number | null;
  readonly interval: Interval | null;
}

export type Estimates = Readonly<Record<string, Estimate>>;

export interface SweepTier {
  readonly name: string;
  readonly verdict: Verdict;
  readonly objective: number;
  /** Of its P99 TTFT; null where it has no such target. */
  readonly ttftLimitMs: number | null;
  /** What was measured over what was promised, of the latency target that is nearest to being missed; null without any. */
  readonly pressure: number | null;
  readonly figures: Estimates;
}

export interface SweepRow {
  readonly point: readonly string[];
  /** Met where every tier's verdict is, in every replication. */
  readonly verdict: Verdict;
  readonly tiers: readonly SweepTier[];
  readonly platform: Estimates;
}

export interface Sweep extends SweepSetting {
  readonly schemaVersion: 1;
  readonly confidence: number | null;
  readonly dimensions: readonly SweepDimension[];
  readonly variants: readonly SweepRow[];
}

/** One variant's runs, one per seed. */
export interface SweptVariant {
  readonly point: readonly string[];
  readonly runs: readonly RunFigures[];
}

/** At least one variant, each with at least one run and the same tiers. */
export function sweepOf(
  names: readonly string[],
  swept: readonly SweptVariant[],
  setting: SweepSetting,
): Sweep {
  assert(swept.length > 0, "a sweep has a variant");
  return {
    schemaVersion: 1,
    ...setting,
    confidence: setting.seeds.length > 1 ? CONFIDENCE : null,
    dimensions: names.map((name, at) =>
      dimensionOf(
        name,
        swept.map(({ point }) => point[at]!),
        setting.isSampled,
      ),
    ),
    variants: swept.map(rowOf),
  };
}

function rowOf({ point, runs }: SweptVariant): SweepRow {
  const [first] = runs;
  assert(first !== undefined, "a variant has been run");
  const tiers = first.tiers.map((_, at) => tierOf(runs.map((run) => run.tiers[at]!)));
  return {
    point,
    verdict: worstVerdict(tiers.map(({ verdict }) => verdict)),
    tiers,
    platform: estimates(runs.map(({ platform }) => platform)),
  };
}

function tierOf(runs: readonly TierFigures[]): SweepTier {
  const { name, objective, targets } = runs[0]!;
  const target = targets.find(({ metric, percentile }) => metric === "ttft" && percentile === 99);
  return {
    name,
    verdict: worstVerdict(runs.map(({ verdict }) => verdict)),
    objective,
    ttftLimitMs: target?.limitMs ?? null,
    pressure: meanOrNull(runs.map(pressureOf)),
    figures: estimates(runs.map(({ figures }) => figures)),
  };
}

function pressureOf({ targets }: TierFigures): number | null {
  const ratios = targets.flatMap(({ measuredMs, limitMs }) =>
    measuredMs === null || limitMs === 0 ? [] : [measuredMs / limitMs],
  );
  return ratios.length === 0 ? null : Math.max(...ratios);
}

function estimates(runs: readonly Figures[]): Estimates {
  const ids = Object.keys(runs[0] ?? {});
  return Object.fromEntries(ids.map((id) => [id, estimate(runs.map((figures) => figures[id]!))]));
}

function estimate(values: readonly (number | null)[]): Estimate {
  const known = values.filter((value) => value !== null);
  const isWhole = known.length === values.length;
  return {
    mean: meanOrNull(values),
    interval: (isWhole ? meanInterval(known) : undefined) ?? null,
  };
}

const NUMBER = /^(\$?)(-?\d+(?:\.\d+)?)\s*([^\d.].*)?$/u;

function dimensionOf(name: string, all: readonly string[], isSampled: boolean): SweepDimension {
  const texts = [...new Set(all)];
  const matches = texts.map((text) => NUMBER.exec(text));
  const units = new Set(matches.map((match) => `${match?.[1] ?? ""}${match?.[3] ?? ""}`));
  if (units.size > 1 || matches.includes(null)) {
    return { name, values: texts, numbers: null, unit: "" };
  }
  const pairs = texts.map((text, at) => ({ text, number: Number(matches[at]?.[2]) }));
  const ordered = isSampled ? pairs.toSorted((a, b) => a.number - b.number) : pairs;
  return {
    name,
    values: ordered.map(({ text }) => text),
    numbers: ordered.map(({ number }) => number),
    unit: [...units].join(""),
  };
}
