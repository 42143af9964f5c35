/** What `tenantry tune` answers: the schema of tune.json (documented in docs/planning.md, versioned by `schemaVersion`). */
import type { PlanChange, PlanPromise } from "./plan.ts";

export const TUNE_SCHEMA_VERSION = 1;

/** Settings measured on some seeds. */
export interface TuneMeasure {
  /** Promises broken, over all runs. */
  readonly broken: number;
  /** Of the promise nearest to its limit: its pressure, a geometric mean over runs; null where a run lost too much. */
  readonly worstPressure: number | null;
  readonly worst: PlanPromise | null;
  readonly promises: readonly {
    readonly promise: PlanPromise;
    readonly pressure: number | null;
    readonly broken: number;
  }[];
}

export interface TuneTrial {
  readonly changes: readonly PlanChange[];
  readonly seeds: number;
  readonly broken: number;
  readonly worstPressure: number | null;
}

export interface TuneResult {
  readonly kind: "tune";
  readonly schemaVersion: typeof TUNE_SCHEMA_VERSION;
  readonly tenantryVersion: string;
  readonly scenario: {
    readonly name: string;
    readonly description: string;
    readonly hash: string;
    readonly seed: number;
    /** As the command was given them. */
    readonly overrides: readonly string[];
  };
  /** What the search made best, in order. */
  readonly objective: string;
  /** What was varied: a path of the file, and the values tried. */
  readonly varied: readonly { readonly path: string; readonly values: readonly string[] }[];
  /** True: on fresh seeds the found settings break fewer promises, or keep further from the worst one's limit. */
  readonly isBetter: boolean;
  /** Empty: the file's own settings stand. */
  readonly changes: readonly PlanChange[];
  /** On fresh seeds that had no part in the search, the same for both. */
  readonly seeds: readonly number[];
  readonly own: TuneMeasure;
  readonly found: TuneMeasure;
  /** Change of the worst promise's pressure as a factor, with its interval over paired runs; null where a run lost too much. */
  readonly factor: { readonly mean: number; readonly low: number; readonly high: number } | null;
  readonly confidence: number;
  readonly tried: readonly TuneTrial[];
  readonly work: { readonly simulations: number; readonly requests: number };
}
