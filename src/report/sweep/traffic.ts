/**
 * Variants that see the same traffic, as one level of it: what is cheapest can only be said within a level. Where nothing that is
 * varied changes what is sent, all variants are one level.
 */
import type { Sweep, SweepRow } from "./sweep.ts";
import { keepers } from "./ranking.ts";

export interface TrafficLevel {
  /** "shop.rate = 20/s"; empty where all traffic is one. */
  readonly text: string;
  readonly rows: readonly SweepRow[];
  /** Those that keep every promise, the cheapest first. */
  readonly kept: readonly SweepRow[];
}

/** In the order in which the sweep comes to them. */
export function trafficLevels(sweep: Sweep): readonly TrafficLevel[] {
  const { dimensions, trafficDimensions, variants } = sweep;
  const places = trafficDimensions.map((name) => dimensions.findIndex((one) => one.name === name));
  const textOf = ({ point }: SweepRow): string =>
    places.map((at) => `${dimensions[at]!.name} = ${point[at]!}`).join(", ");
  const levels = new Map<string, SweepRow[]>();
  for (const row of variants) {
    const text = textOf(row);
    const rows = levels.get(text);
    if (rows === undefined) levels.set(text, [row]);
    else rows.push(row);
  }
  const kept = keepers(sweep);
  return [...levels].map(([text, rows]) => ({
    text,
    rows,
    kept: kept.filter((row) => textOf(row) === text),
  }));
}

/** Whether some level has a choice: otherwise there is no cheapest of anything. */
export function hasChoice(levels: readonly TrafficLevel[]): boolean {
  return levels.some(({ rows }) => rows.length > 1);
}
