/** How the variants of a sweep rank: by cost among those that keep every promise, by how little is missed among the others. */
import type { Sweep, SweepRow } from "./sweep.ts";

/** Those that keep every promise, the cheapest first; among equals in the order of the sweep. */
export function keepers({ variants }: Sweep): readonly SweepRow[] {
  return variants
    .filter(({ verdict }) => verdict === "met")
    .toSorted((a, b) => hourly(a) - hourly(b));
}

/** Fewest tiers missed first, then by the tier that is furthest from its objective. */
export function nearest({ variants }: Sweep): SweepRow | undefined {
  return variants.toSorted((a, b) => missed(a) - missed(b) || shortfall(a) - shortfall(b))[0];
}

function missed({ tiers }: SweepRow): number {
  return tiers.filter(({ verdict }) => verdict === "missed").length;
}

function shortfall({ tiers }: SweepRow): number {
  return Math.max(
    ...tiers.map(({ objective, figures }) => objective - (figures["compliance-owed"]?.mean ?? 0)),
  );
}

export function hourly({ platform }: SweepRow): number {
  return platform["usd-per-hour"]?.mean ?? 0;
}
