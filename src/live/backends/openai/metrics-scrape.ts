/** Reads a server's own metrics (Prometheus text): how many requests it runs and keeps waiting, and how full its KV cache is. */
import type { MetricNames } from "./dialects.ts";

export interface UpstreamMetrics {
  readonly running: number | undefined;
  readonly waiting: number | undefined;
  /** 0..1 */
  readonly kvUsage: number | undefined;
}

/** Figures of several engines behind one address are added up; of the caches the fullest counts. */
export function readMetrics(text: string, names: MetricNames): UpstreamMetrics {
  const samples = samplesOf(text);
  const find = (wanted: readonly string[]): readonly number[] | undefined =>
    wanted.map((name) => samples.get(name)).find((values) => values !== undefined);
  return {
    running: sum(find(names.running)),
    waiting: sum(find(names.waiting)),
    kvUsage: find(names.kvUsage)?.reduce((most, value) => Math.max(most, value), 0),
  };
}

/** Every sample's value by its metric's name, whatever its labels. */
function samplesOf(text: string): Map<string, number[]> {
  const samples = new Map<string, number[]>();
  for (const line of text.split("\n")) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{.*\})?\s+(\S+)/u.exec(line);
    if (match === null) continue;
    const value = Number(match[2]);
    if (!Number.isFinite(value)) continue;
    const values = samples.get(match[1]!);
    if (values === undefined) samples.set(match[1]!, [value]);
    else values.push(value);
  }
  return samples;
}

function sum(values: readonly number[] | undefined): number | undefined {
  return values?.reduce((total, value) => total + value, 0);
}
