/**
 * Sets results side by side: every measure on every side, and what each further side differs from the first by, absolutely,
 * relatively and, where there are paired replications, with an interval. Written as compare.json as it stands.
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
import { CONFIDENCE, type Interval, meanInterval, meanOrNull } from "./paired.ts";
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
}

export interface Row {
  readonly id: string;
  readonly label: string;
  readonly unit: Unit;
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
  const isPaired = runs.every((all) => all.length === runs[0]!.length && all.length >= 2);
  const measures = tierMeasures(rejectReasons(runs.flat()));
  return {
    schemaVersion: 1,
    tenantryVersion: first.tenantryVersion,
    sides: sides.map(sideBlock),
    confidence: isPaired ? CONFIDENCE : null,
    notes: comparisonNotes(sides, isPaired),
    tiers: first.tiers.map(({ name }) => ({
      name,
      rows: rowsOf(
        measures,
        mapRuns(runs, ({ tiers }) => named(tiers, name)),
      ),
    })),
    platform: rowsOf(PLATFORM_MEASURES, runs),
    bills: first.tenants.map(({ name }) => ({
      name,
      rows: rowsOf(
        BILL_MEASURES,
        mapRuns(runs, ({ tenants }) => named(tenants, name)),
      ),
    })),
  };
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
): readonly Row[] {
  return measures.flatMap(({ id, label, unit, of, isRare }) => {
    const values = sides.map((runs) => runs.map(of));
    const all = values.flat();
    if (all.every((value) => value === null)) return [];
    if (isRare === true && all.every((value) => value === 0)) return [];
    const [base = [], ...others] = values;
    const differences = others.map((other) => difference(base, other));
    return [{ id, label, unit, values: values.map(meanOrNull), differences }];
  });
}

function difference(
  base: readonly (number | null)[],
  other: readonly (number | null)[],
): Difference {
  const from = meanOrNull(base);
  const to = meanOrNull(other);
  if (from === null || to === null) return { absolute: null, relative: null, interval: null };
  const pairs = base.length === other.length ? base.map((value, at) => [value, other[at]]) : [];
  const differences = pairs.flatMap(([a, b]) =>
    typeof a === "number" && typeof b === "number" ? [b - a] : [],
  );
  return {
    absolute: to - from,
    relative: from === 0 ? null : (to - from) / from,
    interval: meanInterval(differences) ?? null,
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
