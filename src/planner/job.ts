/**
 * One simulation as a job: a variant, a seed, and what is wanted of it. A job holds nothing but plain data, so that a thread can
 * take it, and says the same wherever and in whatever order jobs are run.
 */
import { createHash } from "node:crypto";
import { buildResults } from "../results/build-results.ts";
import { figuresOf, type RunFigures } from "../results/figures.ts";
import { NO_AUDIT, type Results, type SlaBlock } from "../results/results.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { runSimulation, type SimulationRun } from "../sim/simulate.ts";
import { openTrace } from "../traces/open-trace.ts";
import { MissWatch } from "./certain-miss.ts";
import { LoadedScenarios, type ScenarioSource } from "./scenario-source.ts";
import { type Variant, variantOf } from "./variant.ts";

export interface Job {
  readonly variant: Variant;
  readonly seed: number;
  readonly wanted: Wanted;
}

export type Wanted =
  | { readonly kind: "results" }
  /** A few dozen numbers, which are quicker to hand over and to keep. */
  | { readonly kind: "figures" }
  /** Only verdicts: the run may end as soon as they cannot be good. */
  | {
      readonly kind: "verdicts";
      /** Requests that will come, by tier; undefined where that depends on the platform. */
      readonly arrivals: readonly (readonly [tier: string, requests: number])[] | undefined;
    };

export interface TierVerdict {
  readonly tier: string;
  readonly verdict: SlaBlock["verdict"];
}

export type JobResult =
  | { readonly kind: "results"; readonly results: Results }
  | { readonly kind: "figures"; readonly figures: RunFigures }
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
  readonly #scenarios: LoadedScenarios;

  constructor(source: ScenarioSource) {
    this.#source = source;
    this.#scenarios = new LoadedScenarios(source);
  }

  /** Fails: TraceError when a trace cannot be used. */
  run({ variant, seed, wanted }: Job, onShare: OnShare): JobResult {
    const scenario = variantOf(this.#scenarios.with(variant.overrides ?? []), variant, seed);
    if (wanted.kind === "verdicts") return this.#verdicts(scenario, wanted, onShare);
    const results = this.#results(scenario, this.#simulate(scenario, onShare));
    return wanted.kind === "results"
      ? { kind: "results", results }
      : { kind: "figures", figures: figuresOf(results) };
  }

  #verdicts(
    scenario: Scenario,
    wanted: Extract<Wanted, { kind: "verdicts" }>,
    onShare: OnShare,
  ): JobResult {
    const watch = wanted.arrivals && new MissWatch(scenario, new Map(wanted.arrivals));
    try {
      const { tiers } = this.#results(scenario, this.#simulate(scenario, onShare, watch));
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

  #results(scenario: Scenario, run: SimulationRun): Results {
    const { name, description, simulation, canonicalJson } = scenario;
    const { tenantryVersion } = this.#source;
    const { skippedTraceRows } = run;
    const hash = createHash("sha256").update(canonicalJson).digest("hex");
    const identity = { tenantryVersion, name, description, hash, skippedTraceRows };
    return buildResults({ ...identity, seed: simulation.seed }, run, NO_AUDIT);
  }
}
