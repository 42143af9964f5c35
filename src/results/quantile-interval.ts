/** How sure a promised quantile is, from one run alone: its 95 % interval, by batches over time (batch-recorder.ts). */
import type { LatencyMetric } from "../engine/config.ts";

export interface QuantileInterval {
  readonly metric: LatencyMetric;
  readonly percentile: number;
  /** Null where the requests are too few for it. */
  readonly lowMs: number | null;
  readonly highMs: number | null;
  readonly batches: number;
}
