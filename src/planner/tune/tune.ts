/**
 * The best settings of a fixed platform: many drawn over all knobs, halved on ever more seeds, and the best walked to better
 * neighbours. What comes out has been the luckiest of many, so it is set beside the file's own settings on fresh seeds, pair by
 * pair; where it is no better there, the file stands.
 */
import { createHash } from "node:crypto";
import { studentQuantile } from "../../base/beta.ts";
import { randomStream } from "../../base/random.ts";
import { ScenarioText } from "../../scenario/load.ts";
import type { Scenario } from "../../scenario/scenario.ts";
import { TUNE_SCHEMA_VERSION, type TuneMeasure, type TuneResult } from "../../results/tune.ts";
import { successiveHalving } from "../plan/halving.ts";
import { horizonOf, rungsOf } from "../plan/horizon.ts";
import { type Horizon, Judge } from "../plan/judge.ts";
import type { ScenarioSource } from "../scenario-source.ts";
import { seedsFrom } from "../seeds.ts";
import type { WorkerPool } from "../worker-pool.ts";
import { type Knob, knobsOf } from "./knobs.ts";
import { better, measureOf } from "./measure.ts";
import { neighbours, overridesFor, ownSettings, type Settings, spread } from "./settings.ts";

/** Drawn settings, and those that halving leaves to walk from. */
const DRAWN = 32;
const WALKED = 2;
/** Walks end where no neighbour is better, or after so many steps. */
const MOST_STEPS = 4;
/** Fresh seeds of the last comparison; as many as measure a spread. */
const FRESH_SEEDS = 8;
const SEEDS_APART = 1000;
/** Requests that may be simulated in all; as many as for a plan. */
const BUDGET_REQUESTS = 14_000_000;
const OBJECTIVE =
  "fewest broken promises over all runs, then the lowest pressure of the worst promise";

export interface TuneInput {
  readonly source: ScenarioSource;
  readonly scenario: Scenario;
}

export interface TuneProgress {
  readonly phase: "drawn settings" | "neighbours" | "fresh seeds";
  readonly simulations: number;
}

interface Measured {
  readonly settings: Settings;
  readonly measure: TuneMeasure;
  readonly seeds: number;
}

export class Tuner {
  readonly #input: TuneInput;
  readonly #pool: WorkerPool;
  readonly #judge: Judge;
  readonly #file: ScenarioText;
  readonly #onProgress: (progress: TuneProgress) => void;
  readonly knobs: readonly Knob[];
  readonly #tried: Measured[] = [];
  readonly #known = new Map<string, Measured>();
  best: Measured | undefined;

  constructor(pool: WorkerPool, input: TuneInput, onProgress: (progress: TuneProgress) => void) {
    this.#pool = pool;
    this.#input = input;
    this.#onProgress = onProgress;
    this.#judge = new Judge(pool, () => {});
    this.#file = new ScenarioText(input.source.text);
    this.knobs = knobsOf(input.scenario);
  }

  /** Fails: UnusableInput. */
  async run(): Promise<TuneResult> {
    const { scenario } = this.#input;
    const { seed, warmupNs } = scenario.simulation;
    const survey = await this.#pool.survey({}, seed);
    const horizon = horizonOf(scenario, survey, warmupNs);
    const own = ownSettings(this.knobs);
    const random = randomStream(seed, "tune");
    const drawn = spread(this.knobs, { count: DRAWN, random }).filter((one) => this.#isValid(one));
    const { kept } = await successiveHalving([own, ...drawn], {
      rungs: rungsOf(horizon),
      keep: WALKED,
      evaluate: async (all, rung) => {
        const measured = await this.#measureAll(all, rung, "drawn settings");
        const order = [...measured.keys()].toSorted((a, b) =>
          better(measured[a]!.measure, measured[b]!.measure),
        );
        return measured.map((_, at) => order.indexOf(at));
      },
    });
    const starts = await this.#measureAll([own, ...kept], horizon, "neighbours");
    for (const start of starts) await this.#walk(start, horizon);
    return this.#compared(own, await this.#simplest(own, this.best!, horizon));
  }

  /** Takes back, one by one, what changes next to nothing: every line of a patch should have its reason. */
  async #simplest(own: Settings, found: Measured, horizon: Horizon): Promise<Settings> {
    let here = found;
    for (let at = 0; at < own.length && !this.#isSpent(); at++) {
      if (here.settings[at] === own[at]) continue;
      const without = here.settings.map((level, index) => (index === at ? own[at]! : level));
      if (!this.#isValid(without)) continue;
      const [measured] = await this.#measureAll([without], horizon, "neighbours");
      if (isNoWorse(measured!.measure, found.measure)) here = measured!;
    }
    return here.settings;
  }

  /** From settings to their best neighbour, for as long as that is better. */
  async #walk(start: Measured, horizon: Horizon): Promise<void> {
    let here = start;
    this.#consider(here);
    for (let step = 0; step < MOST_STEPS && !this.#isSpent(); step++) {
      const around = neighbours(this.knobs, here.settings).filter((one) => this.#isValid(one));
      const measured = await this.#measureAll(around, horizon, "neighbours");
      const [best] = measured.toSorted((a, b) => better(a.measure, b.measure));
      if (best === undefined || better(best.measure, here.measure) >= 0) return;
      here = best;
      this.#consider(here);
    }
  }

  #consider(measured: Measured): void {
    if (this.best === undefined || better(measured.measure, this.best.measure) < 0) {
      this.best = measured;
    }
  }

  #isSpent(): boolean {
    const budget = this.#input.scenario.plan.budgetRequests ?? BUDGET_REQUESTS;
    return this.#judge.work.requests >= budget;
  }

  /** Combinations of settings may contradict each other. */
  #isValid(settings: Settings): boolean {
    const { fileName, overrides } = this.#input.source;
    const all = [...overrides, ...overridesFor(this.knobs, settings)];
    return this.#file.load({ fileName, overrides: all }).kind === "loaded";
  }

  async #measureAll(
    all: readonly Settings[],
    horizon: Horizon,
    phase: TuneProgress["phase"],
  ): Promise<readonly Measured[]> {
    const key = (settings: Settings): string => `${horizon.seeds.length} ${settings.join()}`;
    const fresh = all.filter((settings) => !this.#known.has(key(settings)));
    const looks = fresh.map((settings) =>
      this.#judge.look(this.#candidate(settings), { horizon, mayLeave: false }),
    );
    for (const [at, look] of looks.entries()) {
      const tried = await look;
      this.#judge.countRuns(tried);
      const settings = fresh[at]!;
      const measured = { settings, measure: measureOf(tried.runs), seeds: tried.runs.length };
      this.#known.set(key(settings), measured);
      this.#tried.push(measured);
      this.#onProgress({ phase, simulations: this.#judge.work.simulations });
    }
    return all.map((settings) => this.#known.get(key(settings))!);
  }

  #candidate(settings: Settings) {
    const overrides = overridesFor(this.knobs, settings);
    const { scenario } = this.#input;
    return { design: { words: overrides, overrides, scenario, sized: [] }, sizes: [] };
  }

  async #compared(own: Settings, found: Settings): Promise<TuneResult> {
    const { scenario, source } = this.#input;
    const { seed, warmupNs } = scenario.simulation;
    const seeds = seedsFrom(seed + SEEDS_APART, FRESH_SEEDS);
    const horizon = { window: undefined, warmupNs, seeds, mostMissed: 0, share: 1 };
    const looks = [own, found].map((settings) =>
      this.#judge.look(this.#candidate(settings), { horizon, mayLeave: false }),
    );
    const [before, after] = await Promise.all(looks);
    for (const tried of [before!, after!]) this.#judge.countRuns(tried);
    const pairs = before!.runs.map((run, at) => [measureOf([run]), measureOf([after!.runs[at]!])]);
    const confidence = scenario.plan.confidence;
    const factor = factorOf(pairs, confidence);
    const [ownMeasure, foundMeasure] = [measureOf(before!.runs), measureOf(after!.runs)];
    const fewer = foundMeasure.broken - ownMeasure.broken;
    const isBetter = fewer < 0 || (fewer === 0 && factor !== null && factor.high < 1);
    return {
      kind: "tune",
      schemaVersion: TUNE_SCHEMA_VERSION,
      tenantryVersion: source.tenantryVersion,
      scenario: {
        name: scenario.name,
        description: scenario.description,
        hash: createHash("sha256").update(scenario.canonicalJson).digest("hex"),
        seed,
        overrides: source.overrides,
      },
      objective: OBJECTIVE,
      varied: this.knobs.map(({ path, values }) => ({ path, values })),
      isBetter,
      changes: isBetter ? this.#changes(found) : [],
      seeds,
      own: ownMeasure,
      found: foundMeasure,
      factor,
      confidence,
      tried: this.#tried.map(({ settings, measure, seeds: count }) => ({
        changes: this.#changes(settings),
        seeds: count,
        broken: measure.broken,
        worstPressure: measure.worstPressure,
      })),
      work: this.#judge.work,
    };
  }

  #changes(settings: Settings) {
    return overridesFor(this.knobs, settings).map((override) => {
      const at = override.indexOf("=");
      return { path: override.slice(0, at), value: override.slice(at + 1) };
    });
  }
}

/** Less than this of the worst pressure is not worth a change. */
const NEGLIGIBLE = 1.03;

function isNoWorse(one: TuneMeasure, best: TuneMeasure): boolean {
  if (one.broken > best.broken) return false;
  const limit = best.worstPressure ?? Infinity;
  return (one.worstPressure ?? Infinity) <= NEGLIGIBLE * limit;
}

/** How the worst promise's pressure changes, run by run: the mean of the logarithms' differences, with Student's interval. */
function factorOf(
  pairs: readonly (readonly TuneMeasure[])[],
  confidence: number,
): TuneResult["factor"] {
  const logs = pairs.flatMap(([own, found]) =>
    own?.worstPressure && found?.worstPressure
      ? [Math.log(found.worstPressure / own.worstPressure)]
      : [],
  );
  if (logs.length < 2 || logs.length < pairs.length) return null;
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const squares = logs.reduce((sum, log) => sum + (log - mean) * (log - mean), 0);
  const error = Math.sqrt(squares / (logs.length - 1) / logs.length);
  const reach = studentQuantile((1 + confidence) / 2, logs.length - 1) * error;
  return { mean: Math.exp(mean), low: Math.exp(mean - reach), high: Math.exp(mean + reach) };
}
