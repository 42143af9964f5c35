/**
 * Sets results side by side: every measure on every side, and what each further side differs from the first by, absolutely,
 * relatively and, where there are paired replications, with an interval; then which differences are more than chance, all of tiers and
 * platform taken as one family. Written as compare.json as it stands.
 */
import { assert } from "../../base/assert.ts";
import {
  BILL_MEASURES,
  type Measure,
  PLATFORM_MEASURES,
  rejectReasons,
  tierMeasures,
  type Unit,
} from "../../results/measures.ts";
import type { Results } from "../../results/results.ts";
import { comparisonNotes } from "./notes.ts";
import { CONFIDENCE, type Interval, meanInterval, meanOrNull, pairedP } from "./paired.ts";
import { significanceOf, type Significance } from "./significance.ts";
import { MOST_SIDES, type Side, sideName } from "./side.ts";

/** A side that has at least one run, under the letter it goes by. */
interface SideBlock {
  readonly name: string;
  readonly source: string;
  readonly scenario: string;
  readonly hash: string;
  readonly seeds: readonly number[];
  readonly kind: "simulated" | "measured";
}

export interface Difference {
  readonly absolute: number | null;
  /** Of the first side's value; null where that is 0 or not known. */
  readonly relative: number | null;
  /** 95 %, of the absolute difference; null without paired replications. */
  readonly interval: Interval | null;
  /** Of the paired t test, by itself; null without paired replications. */
  readonly p: number | null;
}

export interface Row {
  readonly id: string;
  readonly label: string;
  readonly unit: Unit;
  /** Null where neither direction is good or bad. */
  readonly better: "less" | "more" | null;
  /** Per side: the mean over its runs. */
  readonly values: readonly (number | null)[];
  /** Per side but the first. */
  readonly differences: readonly Difference[];
}

interface Subject {
  readonly name: string;
  readonly rows: readonly Row[];
}

export interface Comparison {
  readonly schemaVersion: 1;
  readonly tenantryVersion: string;
  readonly sides: readonly SideBlock[];
  readonly confidence: number | null;
  /** Null without paired replications. */
  readonly significance: Significance | null;
  readonly notes: readonly string[];
  readonly tiers: readonly Subject[];
  readonly platform: readonly Row[];
  readonly bills: readonly Subject[];
}

/** Compares two or more sides with the same tiers and tenants, each with at least one run. */
export function compareSides(sides: readonly Side[]): Comparison {
  assert(sides.length >= 2 && sides.length <= MOST_SIDES, "two sides or a few more");
  const runs = sides.map((side) => side.runs);
  const first = firstOf(runs[0]!);
  const isPaired = arePaired(runs);
  const measures = tierMeasures(rejectReasons(runs.flat()));
  const tiers = first.tiers.map(({ name }) => ({
    name,
    rows: rowsOf(
      measures,
      mapRuns(runs, (run) => named(run.tiers, name)),
      isPaired,
    ),
  }));
  const platform = rowsOf(PLATFORM_MEASURES, runs, isPaired);
  return {
    schemaVersion: 1,
    tenantryVersion: first.tenantryVersion,
    sides: sides.map(sideBlock),
    confidence: isPaired ? CONFIDENCE : null,
    significance: isPaired ? significanceOf(tiers, platform) : null,
    notes: comparisonNotes(sides, isPaired),
    tiers,
    platform,
    bills: first.tenants.map(({ name }) => ({
      name,
      rows: rowsOf(
        BILL_MEASURES,
        mapRuns(runs, ({ tenants }) => named(tenants, name)),
        isPaired,
      ),
    })),
  };
}

/** Whether runs of the same place on every side have the same seed, and so the same arrivals; one each tells nothing of chance. */
function arePaired(runs: readonly (readonly Results[])[]): boolean {
  const seeds = runs.map((all) => all.map(({ scenario }) => scenario.seed).join(" "));
  return runs[0]!.length >= 2 && new Set(seeds).size === 1;
}

function sideBlock({ source, runs }: Side, index: number): SideBlock {
  const { scenario, load } = firstOf(runs);
  return {
    name: sideName(index),
    source,
    scenario: scenario.name,
    hash: scenario.hash,
    seeds: runs.map((run) => run.scenario.seed),
    kind: load === undefined ? "simulated" : "measured",
  };
}

/** Rows of measures that some side knows. */
function rowsOf<Value>(
  measures: readonly Measure<Value>[],
  sides: readonly (readonly Value[])[],
  isPaired: boolean,
): readonly Row[] {
  return measures.flatMap(({ id, label, unit, of, isRare, better = null }) => {
    const values = sides.map((runs) => runs.map(of));
    const all = values.flat();
    if (all.every((value) => value === null)) return [];
    if (isRare === true && all.every((value) => value === 0)) return [];
    const [base = [], ...others] = values;
    const differences = others.map((other) => difference(base, other, isPaired));
    return [{ id, label, unit, better, values: values.map(meanOrNull), differences }];
  });
}

function difference(
  base: readonly (number | null)[],
  other: readonly (number | null)[],
  isPaired: boolean,
): Difference {
  const from = meanOrNull(base);
  const to = meanOrNull(other);
  if (from === null || to === null) {
    return { absolute: null, relative: null, interval: null, p: null };
  }
  // Means that are known are means over every run.
  const differences = isPaired ? base.map((value, at) => other[at]! - value!) : [];
  return {
    absolute: to - from,
    relative: from === 0 ? null : (to - from) / from,
    interval: meanInterval(differences) ?? null,
    p: pairedP(differences) ?? null,
  };
}

function mapRuns<Value>(
  sides: readonly (readonly Results[])[],
  of: (results: Results) => Value,
): readonly (readonly Value[])[] {
  return sides.map((runs) => runs.map(of));
}

function named<Item extends { readonly name: string }>(items: readonly Item[], name: string): Item {
  const found = items.find((item) => item.name === name);
  assert(found !== undefined, "every side has the same tiers and tenants");
  return found;
}

function firstOf(runs: readonly Results[]): Results {
  const first = runs[0];
  assert(first !== undefined, "a side has at least one run");
  return first;
}
