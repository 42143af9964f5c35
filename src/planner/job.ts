/**
 * One simulation as a job: a variant, a seed, and what is wanted of it. A job holds nothing but plain data, so that a thread can
 * take it, and says the same wherever and in whatever order jobs are run.
 */
import { createHash } from "node:crypto";
import { loadScenario } from "../scenario/load.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { assert } from "../base/assert.ts";
import { buildResults } from "../results/build-results.ts";
import { NO_AUDIT, type Results, type SlaBlock } from "../results/results.ts";
import { runSimulation, type SimulationRun } from "../sim/simulate.ts";
import { openTrace } from "../traces/open-trace.ts";
import { MissWatch } from "./certain-miss.ts";
import { type Variant, variantOf } from "./variant.ts";

/** A scenario as every thread can load it: the text of a file that has been found valid. */
export interface ScenarioSource {
  readonly text: string;
  readonly fileName: string;
  readonly overrides: readonly string[];
  /** The folder that traces' paths start from. */
  readonly baseDir: string;
  readonly tenantryVersion: string;
}

export interface Job {
  readonly variant: Variant;
  readonly seed: number;
  /** Undefined: all results. Otherwise only verdicts are wanted, and the run may end as soon as they cannot be good. */
  readonly verdictsOnly?: {
    /** Requests that will come, by tier; undefined where that depends on the platform. */
    readonly arrivals: readonly (readonly [tier: string, requests: number])[] | undefined;
  };
}

export interface TierVerdict {
  readonly tier: string;
  readonly verdict: SlaBlock["verdict"];
}

export type JobResult =
  | { readonly kind: "results"; readonly results: Results }
  | { readonly kind: "verdicts"; readonly tiers: readonly TierVerdict[] };

export type OnShare = (share: number) => void;

/** The simulation has been left, with what is certain by then. */
class Abandoned extends Error {
  override name = "Abandoned";
  readonly tiers: readonly string[];

  constructor(tiers: readonly string[]) {
    super("the rest of the run could change nothing");
    this.tiers = tiers;
  }
}

export class JobRunner {
  readonly #source: ScenarioSource;
  readonly #scenario: Scenario;
  readonly #hash: string;

  constructor(source: ScenarioSource) {
    this.#source = source;
    const loaded = loadScenario(source.text, source);
    assert(loaded.kind === "loaded", "jobs are made of scenarios that have been loaded before");
    this.#scenario = loaded.scenario;
    this.#hash = createHash("sha256").update(loaded.scenario.canonicalJson).digest("hex");
  }

  /** Fails: TraceError when a trace cannot be used. */
  run({ variant, seed, verdictsOnly }: Job, onShare: OnShare): JobResult {
    const scenario = variantOf(this.#scenario, variant, seed);
    if (verdictsOnly === undefined) {
      return {
        kind: "results",
        results: this.#results(scenario, this.#simulate(scenario, onShare)),
      };
    }
    const arrivals = verdictsOnly.arrivals && new Map(verdictsOnly.arrivals);
    try {
      const run = this.#simulate(scenario, onShare, arrivals && new MissWatch(scenario, arrivals));
      const { tiers } = this.#results(scenario, run);
      return {
        kind: "verdicts",
        tiers: tiers.map(({ name, sla }) => ({ tier: name, verdict: sla.verdict })),
      };
    } catch (error) {
      if (!(error instanceof Abandoned)) throw error;
      return {
        kind: "verdicts",
        tiers: error.tiers.map((tier) => ({ tier, verdict: "missed" })),
      };
    }
  }

  #simulate(scenario: Scenario, onShare: OnShare, watch?: MissWatch): SimulationRun {
    const { baseDir } = this.#source;
    return runSimulation(scenario, {
      openTrace: (trace) => openTrace(trace, { baseDir, skipBadRows: false }),
      onProgress(share) {
        onShare(share);
        // Between two events: nothing is left half done, and nobody looks at the run again.
        const certain = watch?.certain() ?? [];
        if (certain.length > 0) throw new Abandoned(certain);
      },
      ...(watch && { onRequest: (record) => watch.record(record) }),
    });
  }

  #results({ name, description, simulation }: Scenario, run: SimulationRun): Results {
    const { tenantryVersion } = this.#source;
    const { skippedTraceRows } = run;
    const identity = { tenantryVersion, name, description, hash: this.#hash, skippedTraceRows };
    return buildResults({ ...identity, seed: simulation.seed }, run, NO_AUDIT);
  }
}
