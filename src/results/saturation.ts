/** Throughput over a run's timeline against saturation: the mean while requests arrived, and at the run's peak. */
import type { SaturationBlock, Timeline } from "./results.ts";

/** The peak is this share of the time in which requests arrived: the busiest hour of a day. */
const PEAK_SHARE = 1 / 24;

/** Undefined saturation (it was not measured), or a timeline without a whole slice of arrivals: null. */
export function saturationBlock(
  timeline: Timeline,
  windowS: number,
  tokensPerS: number | undefined,
): SaturationBlock | null {
  const { sliceSeconds, startS } = timeline;
  const slices = startS.filter((start) => start + sliceSeconds <= windowS).length;
  if (tokensPerS === undefined || slices === 0) return null;
  const served = sumsOver(
    timeline.pools.map((pool) => pool.tokensPerS),
    slices,
  );
  const arrived = sumsOver(
    timeline.tenants.map((tenant) => tenant.arrivedPerS),
    slices,
  );
  const length = Math.max(1, Math.round(slices * PEAK_SHARE));
  let peak = 0;
  for (let start = 1; start + length <= slices; start++) {
    if (mean(arrived, start, length) > mean(arrived, peak, length)) peak = start;
  }
  return {
    tokensPerS,
    meanShare: mean(served, 0, slices) / tokensPerS,
    peakShare: mean(served, peak, length) / tokensPerS,
    peakStartS: startS[peak]!,
    peakSeconds: length * sliceSeconds,
  };
}

function sumsOver(series: readonly (readonly number[])[], slices: number): number[] {
  return Array.from({ length: slices }, (_, slice) =>
    series.reduce((sum, values) => sum + values[slice]!, 0),
  );
}

function mean(values: readonly number[], start: number, length: number): number {
  let sum = 0;
  for (let index = start; index < start + length; index++) sum += values[index]!;
  return sum / length;
}
