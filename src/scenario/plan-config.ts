/** The `plan` section after loading. What is undefined was left out: the planner chooses. */
import type { PolicyName } from "../engine/config.ts";

export interface PoolSizeConfig {
  /** Index into platform.pools. */
  readonly pool: number;
  /** Undefined: as many replicas as the scenario says, no others. */
  readonly range: { readonly min: number; readonly max: number | undefined } | undefined;
}

export interface PlanConfig {
  /** 0.95: of fresh runs, that share keeps every promise. */
  readonly confidence: number;
  /** 0.08: traffic grows by 8 % a month. */
  readonly monthlyGrowth: number | undefined;
  readonly mostGpus: number | undefined;
  readonly budgetRequests: number | undefined;
  readonly sizes: readonly PoolSizeConfig[];
  readonly gpus: readonly { readonly name: string; readonly gpuHourNanoUsd: number }[] | undefined;
  readonly tensorParallel: readonly number[] | undefined;
  readonly dedicated: readonly ("keep" | "share")[] | undefined;
  readonly lend: readonly boolean[] | undefined;
  readonly policies: readonly PolicyName[] | undefined;
  /** Weights per tier that they change, by name. */
  readonly tierWeights: readonly Readonly<Record<string, number>>[] | undefined;
  readonly maxNumSeqs: readonly number[] | undefined;
  readonly maxNumBatchedTokens: readonly number[] | undefined;
}
