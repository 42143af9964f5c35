/**
 * One simulation as a job: a variant, a seed, and what is wanted of it. A job holds nothing but plain data, so that a thread can
 * take it, and says the same wherever and in whatever order jobs are run.
 */
import { createHash } from "node:crypto";
import { unreachable } from "../base/assert.ts";
import { buildResults } from "../results/build-results.ts";
import { figuresOf, type RunFigures } from "../results/figures.ts";
import { NO_AUDIT, type Results } from "../results/results.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { runSimulation, type SimulationHooks } from "../sim/simulate.ts";
import { dependentClients, surveyTraffic, type TrafficSurvey } from "../sim/survey.ts";
import { openTrace } from "../traces/open-trace.ts";
import { type Arrivals, PromiseMeter, type TierReadings } from "./promise-meter.ts";
import { LoadedScenarios, type ScenarioSource } from "./scenario-source.ts";
import { beginningNs } from "./statistics/beginning.ts";
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
  /**
   * How near each promise is to being broken. With `mayLeave` the run ends as soon as it is certain to miss one, and tells what
   * is known by then; the verdicts it would have come to are no better.
   */
  | { readonly kind: "readings"; readonly mayLeave: boolean }
  /** The traffic alone, which nobody serves. */
  | { readonly kind: "survey" }
  /** Where the run's beginning ends, which is to be cut. */
  | { readonly kind: "beginning" };

export interface RunReadings {
  readonly tiers: readonly TierReadings[];
  /** Whether all of the run was simulated that there was to simulate. */
  readonly isWhole: boolean;
  readonly requests: number;
}

export type JobResult =
  | { readonly kind: "results"; readonly results: Results }
  | { readonly kind: "figures"; readonly figures: RunFigures }
  | { readonly kind: "readings"; readonly readings: RunReadings }
  | { readonly kind: "survey"; readonly survey: TrafficSurvey }
  | { readonly kind: "beginning"; readonly cutNs: number | undefined };

export type OnShare = (share: number) => void;

/** The simulation has been left, with what is certain by then. */
class Abandoned extends Error {
  override name = "Abandoned";

  constructor() {
    super("the rest of the run could change nothing");
  }
}

/** Surveys kept of what comes under a seed: a search asks for a few seeds again and again. */
const MOST_ARRIVALS = 64;

export class JobRunner {
  readonly #source: ScenarioSource;
  readonly #scenarios: LoadedScenarios;
  readonly #arrivals = new Map<string, Arrivals>();

  constructor(source: ScenarioSource) {
    this.#source = source;
    this.#scenarios = new LoadedScenarios(source);
  }

  /** Fails: TraceError when a trace cannot be used. */
  run({ variant, seed, wanted }: Job, onShare: OnShare): JobResult {
    const loaded = this.#scenarios.with(variant.overrides ?? []);
    const scenario = variantOf(loaded, variant, seed);
    switch (wanted.kind) {
      case "survey":
        return { kind: "survey", survey: surveyTraffic(scenario, this.#hooks(onShare)) };
      case "beginning":
        return { kind: "beginning", cutNs: beginningNs(scenario, this.#hooks(onShare)) };
      case "readings": {
        const { window: _, ...whole } = variant;
        const arrivals = this.#arrivalsOf(variantOf(loaded, whole, seed));
        const isPart = variant.window !== undefined;
        const { mayLeave } = wanted;
        const readings = this.#readings(scenario, { arrivals, isPart, mayLeave, onShare });
        return { kind: "readings", readings };
      }
      case "results":
        return { kind: "results", results: this.#results(scenario, onShare) };
      case "figures":
        return { kind: "figures", figures: figuresOf(this.#results(scenario, onShare)) };
      default:
        return unreachable(wanted);
    }
  }

  #readings(
    scenario: Scenario,
    how: {
      readonly arrivals: Arrivals | undefined;
      readonly isPart: boolean;
      readonly mayLeave: boolean;
      readonly onShare: OnShare;
    },
  ): RunReadings {
    const meter = new PromiseMeter(scenario, how.arrivals);
    let requests = 0;
    const hooks: SimulationHooks = {
      ...this.#hooks(how.onShare),
      onProgress(share, sent) {
        how.onShare(share);
        requests = sent;
        // Between two events: nothing is left half done, and nobody looks at the run again.
        if (how.mayLeave && meter.certain().length > 0) throw new Abandoned();
      },
      onRequest: (record) => meter.record(record),
    };
    try {
      const { sentByClient } = runSimulation(scenario, hooks);
      requests = sentByClient.reduce((sum, sent) => sum + sent, 0);
      return { tiers: how.isPart ? meter.ofPart() : meter.ofWholeRun(), isWhole: true, requests };
    } catch (error) {
      if (!(error instanceof Abandoned)) throw error;
      return { tiers: meter.ofPart(), isWhole: false, requests };
    }
  }

  /** Requests to come after the warm-up, by tier; undefined where that depends on how they are served. */
  #arrivalsOf(scenario: Scenario): Arrivals | undefined {
    if (dependentClients(scenario).length > 0) return undefined;
    const { clients, platform, simulation } = scenario;
    const key = JSON.stringify([clients, simulation], (_, value: unknown) =>
      value === Infinity ? "Infinity" : value,
    );
    const known = this.#arrivals.get(key);
    if (known !== undefined) return known;
    const counts = new Map(platform.tiers.map(({ name }) => [name, 0]));
    for (const [at, { measured }] of surveyTraffic(
      scenario,
      this.#hooks(() => {}),
    ).clients.entries()) {
      const { name } = platform.tiers[platform.tenants[clients[at]!.tenant]!.tier]!;
      counts.set(name, counts.get(name)! + measured);
    }
    if (this.#arrivals.size >= MOST_ARRIVALS) this.#arrivals.clear();
    this.#arrivals.set(key, counts);
    return counts;
  }

  #hooks(onShare: OnShare): SimulationHooks {
    const { baseDir, files = [] } = this.#source;
    const places = new Map(files);
    return {
      openTrace: (trace) =>
        openTrace(
          { ...trace, path: places.get(trace.path) ?? trace.path },
          { baseDir, skipBadRows: false },
        ),
      onProgress: onShare,
    };
  }

  #results(scenario: Scenario, onShare: OnShare): Results {
    const run = runSimulation(scenario, this.#hooks(onShare));
    const { name, description, simulation, canonicalJson } = scenario;
    const { tenantryVersion } = this.#source;
    const { skippedTraceRows } = run;
    const hash = createHash("sha256").update(canonicalJson).digest("hex");
    const identity = { tenantryVersion, name, description, hash, skippedTraceRows };
    return buildResults({ ...identity, seed: simulation.seed }, run, NO_AUDIT);
  }
}
