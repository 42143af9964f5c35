/**
 * A measured run of a real serving engine: what was served, on what, under which load, and what its clients saw. Readers of the
 * data folder's files make these; everything behind them knows nothing of files.
 */

import type { Seen } from "./latencies.ts";

export const METRICS = ["ttft", "e2e", "tpot"] as const;
export const STATISTICS = ["mean", "p50", "p90", "p99"] as const;
export type Metric = (typeof METRICS)[number];
export type Statistic = (typeof STATISTICS)[number];

/** Milliseconds; a statistic that was not measured is missing. */
export type Latencies = Readonly<Record<Metric, Readonly<Partial<Record<Statistic, number>>>>>;

/** Part of a run with one arrival rate. */
export interface Stage {
  readonly ratePerS: number;
  readonly seconds: number;
}

/** What clients saw of one stage's requests, or of all. */
export interface Observed {
  /** Index of the stage; undefined for the whole run. */
  readonly stage: number | undefined;
  readonly latencies: Latencies;
  /** Completed per second from the first arrival to the last end; undefined where it was not measured. */
  readonly throughputPerS?: number | undefined;
}

export interface MeasuredRequest {
  /** What its client saw; undefined: it failed. */
  readonly seen: Seen | undefined;
  readonly arrivalNs: number;
  /** Undefined where the client did not note it: the request failed. */
  readonly promptTokens: number | undefined;
}

export interface MeasuredRun {
  readonly name: string;
  /** As the engine was given it: a Hugging Face name. */
  readonly model: string;
  /** As the catalogue names it. */
  readonly gpu: string;
  readonly precision: "bf16" | "fp8";
  readonly tensorParallel: number;
  readonly dataParallel: number;
  readonly maxNumSeqs: number;
  readonly maxNumBatchedTokens: number;
  readonly gpuMemoryUtilization: number;
  /** KV blocks were also kept in the host's memory. */
  readonly hasCpuOffload: boolean;
  readonly workload: string;
  readonly systemPromptTokens: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly stages: readonly Stage[];
  /** As recorded; undefined where only rates are known. */
  readonly requests: readonly MeasuredRequest[] | undefined;
  readonly observed: readonly Observed[];
  /** KV blocks that the engine reported; undefined where it was not noted. */
  readonly kvBlocks: number | undefined;
  /** Queues grew without end: clients gave up. */
  readonly isOverload: boolean;
}

export interface Excluded {
  readonly run: string;
  readonly reason: string;
}
