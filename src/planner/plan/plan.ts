/**
 * The cheapest platform that keeps every promise with the confidence asked for: bounds, then the search, then fresh seeds, then
 * what the answer is worth knowing by. Each step has a file of its own; here is their order, and how a budget of simulated
 * requests is divided among them. Says the same with any number of threads.
 */
import type { PlannedPlatform, PlanResult, PlanStep } from "../../results/plan.ts";
import type { Scenario } from "../../scenario/scenario.ts";
import type { TrafficSurvey } from "../../sim/survey.ts";
import type { ScenarioSource } from "../scenario-source.ts";
import { isSteady } from "../statistics/warmup.ts";
import type { WorkerPool } from "../worker-pool.ts";
import { bindingOf } from "./binding.ts";
import { boundsOf } from "./bounds.ts";
import { confirm, type Confirmed } from "./confirm.ts";
import { costsOf } from "./costs.ts";
import { type Designs, designsOf, MOST_DESIGNS, priceOf } from "./design.ts";
import { frontierOf } from "./frontier.ts";
import type { Guard } from "./guard.ts";
import { horizonOf, lookHorizon, rungsOf } from "./horizon.ts";
import { type Candidate, type Horizon, Judge, type Tried, variantFor } from "./judge.ts";
import { plannedPlatform } from "./platform-words.ts";
import { type Limits, noDesign, notFound, ruledOutBounds, unanswered } from "./unanswered.ts";
import { sensitivityOf } from "./sensitivity.ts";
import { Search } from "./search.ts";
import type { SearchedDesign, SearchOutcome } from "./search-outcome.ts";
import { type PlanPhase, type PlanProgress, ProgressShare } from "./progress.ts";
import { runwayOf } from "./runway.ts";

/** What cannot be planned at all, and why: a message for the user. */
export class PlanRefused extends Error {
  override name = "PlanRefused";
}

export interface PlanInput {
  readonly source: ScenarioSource;
  readonly scenario: Scenario;
}

/** Half a minute of two cores at this simulator's usual 200,000 requests a second and core, with room for slower machines. */
const BUDGET_REQUESTS = 14_000_000;
/** Parts of the budget: the rest of it is for what comes after. */
const SEARCH_SHARE = 0.5;
const CONFIRM_SHARE = 0.8;
/** GPUs that a search may go to at least, and of how many times the scenario's own: assumed, and told in the answer. */
const LEAST_LIMIT_GPUS = 64;
const LIMIT_TIMES = 4;
/** Platforms that are confirmed one after the other before a plan gives up, and tightenings between two of them. */
const MOST_ATTEMPTS = 5;
const MOST_TIGHTENINGS = 8;
/** Fresh seeds of one attempt, apart from those of the search and of other attempts. */
const SEEDS_APART = 1000;
/** A platform tried costs this many requests and more: fewer tries prove a rival dearer. */
const DEAR_TRIAL_REQUESTS = 50_000;
const MOST_TRIES = 24;
const FEW_TRIES = 4;
interface Searching {
  readonly search: Search;
  readonly order: readonly SearchedDesign[];
  readonly warmupNs: number;
}

/** What a search came to, and what fresh seeds said of it. */
interface Settled {
  readonly outcome: SearchOutcome;
  readonly confirmed: Confirmed;
  /** Platforms that fresh seeds refused before. */
  readonly refused: readonly Tried[];
}

interface Prepared {
  readonly survey: TrafficSurvey;
  readonly horizon: Horizon;
  readonly warmupRule: "scenario" | "mser-5";
  readonly runRequests: number;
}

export class Planner {
  readonly #pool: WorkerPool;
  readonly #input: PlanInput;
  readonly #limits: Limits;
  readonly #designs: Designs;
  readonly #judge: Judge;
  readonly #onProgress: (progress: PlanProgress) => void;
  readonly #progress = new ProgressShare();
  #best: Tried | undefined;

  /** Fails: PlanRefused. */
  constructor(pool: WorkerPool, input: PlanInput, onProgress: (progress: PlanProgress) => void) {
    this.#pool = pool;
    this.#input = input;
    this.#onProgress = onProgress;
    this.#limits = limitsOf(input.scenario);
    const designs = designsOf(input.source, input.scenario, this.#limits.mostGpus);
    if ("tooMany" in designs) {
      throw new PlanRefused(
        `the plan section asks for ${designs.tooMany} combinations, and ${MOST_DESIGNS} are the most: leave out some choices`,
      );
    }
    this.#designs = designs;
    this.#judge = new Judge(pool, () => this.#tell());
  }

  /** What is known before the end: the best so far, the steps, the phase. */
  get known(): {
    readonly phase: PlanPhase;
    readonly best: PlannedPlatform | undefined;
    readonly steps: readonly PlanStep[];
  } {
    const best = this.#best;
    return {
      phase: this.#progress.phase,
      best: best && this.#platform(best.candidate, { status: "kept", worst: best.worst, why: "" }),
      steps: this.#judge.path,
    };
  }

  /** Fails: UnusableInput. */
  async run(): Promise<PlanResult> {
    const { scenario } = this.#input;
    const survey = await this.#pool.survey({}, scenario.simulation.seed);
    const searched = this.#designs.possible.map((design): SearchedDesign => {
      return { design, bounds: boundsOf(design, survey, this.#limits.mostGpus) };
    });
    const possible = searched.filter(({ bounds }) => bounds.impossible === undefined);
    const bounds = [
      ...searched.flatMap((one) => one.bounds.bounds),
      ...ruledOutBounds(this.#designs.ruledOut),
    ];
    const [first] = searched;
    if (possible.length === 0) {
      const impossible = first?.bounds.impossible ?? noDesign(this.#designs.ruledOut);
      return { ...this.#question(), outcome: "impossible", impossible, bounds };
    }
    const prepared = await this.#prepare(survey, possible[0]!);
    const search = this.#search(prepared);
    const order = cheapestFirst(possible);
    const outcome = await search.run(order, SEARCH_SHARE * this.#limits.budgetRequests);
    this.#best = outcome.best;
    if (outcome.best === undefined) {
      const impossible = notFound(outcome, this.#judge.tried, this.#limits);
      return { ...this.#question(), outcome: "impossible", impossible, bounds };
    }
    const found = { outcome, best: outcome.best };
    const settled = await this.#confirm(
      { search, order, warmupNs: prepared.horizon.warmupNs },
      found,
    );
    return { ...(await this.#answer(settled, prepared, search.guard)), bounds };
  }

  async #prepare(survey: TrafficSurvey, { design, bounds }: SearchedDesign): Promise<Prepared> {
    const { scenario } = this.#input;
    const { simulation } = scenario;
    let warmupNs = simulation.warmupNs;
    let warmupRule: Prepared["warmupRule"] = "scenario";
    if (isSteady(scenario)) {
      const variant = variantFor({ design, sizes: bounds.guess });
      const cutNs = await this.#pool.beginningNs(variant, simulation.seed);
      if (cutNs !== undefined && cutNs > warmupNs && cutNs < survey.endNs / 2) {
        warmupNs = Math.ceil(cutNs);
        warmupRule = "mser-5";
      }
    }
    const runRequests = survey.clients.reduce((sum, { requests }) => sum + requests, 0);
    const horizon = horizonOf(scenario, survey, warmupNs);
    const trialRequests = horizon.seeds.length * horizon.share * runRequests;
    this.#progress.expect(trialRequests, runRequests);
    return { survey, horizon, warmupRule, runRequests };
  }

  #search({ horizon, runRequests }: Prepared): Search {
    this.#enter("search");
    const trial = horizon.share * runRequests;
    return new Search(this.#judge, {
      horizon,
      rungs: rungsOf(horizon),
      mostGpus: this.#limits.mostGpus,
      mostTries: trial > DEAR_TRIAL_REQUESTS ? FEW_TRIES : MOST_TRIES,
    });
  }

  async #answer(
    settled: Settled,
    prepared: Prepared,
    guard: Guard | undefined,
  ): Promise<PlanResult> {
    const { horizon } = prepared;
    const { outcome, confirmed, refused } = settled;
    const { tried, confirmation, isConfirmed } = confirmed;
    this.#best = tried;
    this.#enter("sensitivity");
    const { candidate } = tried;
    const options = {
      judge: this.#judge,
      horizon: lookHorizon(horizon),
      mostGpus: this.#limits.mostGpus,
      // Looks cost a part of what has been spent: a little over the budget is better than half an answer.
      mayGoOn: this.#judge.work.requests < this.#limits.budgetRequests,
    };
    const results = await this.#pool.results(
      variantFor(candidate),
      this.#input.scenario.simulation.seed,
    );
    this.#judge.count(results.run.requests);
    const frontier = await frontierOf(this.#judge, candidate, horizon);
    this.#tell();
    const { rows, growths } = await sensitivityOf(candidate, options);
    const { monthlyGrowth } = this.#limits;
    const runway = await runwayOf(candidate, growths, { ...options, monthlyGrowth });
    const answer = this.#platform(candidate, {
      status: isConfirmed ? "confirmed" : "kept",
      worst: tried.worst,
      why: "",
    });
    return {
      ...this.#question(),
      outcome: isConfirmed ? "confirmed" : "found",
      answer,
      confirmation,
      binding: bindingOf(candidate.design.scenario, confirmed.runs, confirmation),
      costs: costsOf(results, answer.usdPerHour),
      runnersUp: this.#runnersUp(outcome, refused),
      frontier,
      sensitivity: rows,
      runway,
      statistics: this.#statistics(settled, prepared, guard),
    };
  }

  #statistics(
    { outcome, confirmed }: Settled,
    { horizon, warmupRule, survey }: Prepared,
    guard: Guard | undefined,
  ): PlanResult["statistics"] {
    const { promises } = confirmed.confirmation;
    return {
      warmupS: horizon.warmupNs / 1e9,
      warmupRule,
      searchSeeds: horizon.seeds,
      searchFromS: (horizon.window?.fromNs ?? 0) / 1e9,
      searchToS: (horizon.window?.toNs ?? survey.endNs) / 1e9,
      promises: promises.length,
      spreads: promises.map(({ promise }, at) => ({ promise, spread: guard?.spreads[at] ?? 0 })),
      spreadRuns: guard?.runs ?? 0,
      keptAway: guard?.keptAway ?? 0,
      errorPerPromise: (1 - this.#limits.confidence) / Math.max(1, promises.length),
      isProvenCheapest: outcome.isProven,
    };
  }

  /** The found platform on fresh seeds; where they refuse it, the search goes on at a larger distance from every limit. */
  async #confirm(
    { search, order, warmupNs }: Searching,
    found: { readonly outcome: SearchOutcome; readonly best: Tried },
  ): Promise<Settled> {
    const { confidence, budgetRequests } = this.#limits;
    const limit = CONFIRM_SHARE * budgetRequests;
    const refused: Tried[] = [];
    let { outcome, best } = found;
    for (let attempt = 1; ; attempt++) {
      this.#enter("confirm");
      const confirmed = await confirm(this.#judge, best.candidate, {
        confidence,
        warmupNs,
        firstSeed: this.#input.scenario.simulation.seed + attempt * SEEDS_APART,
        budgetRequests: limit - this.#judge.work.requests,
      });
      const isOver = attempt === MOST_ATTEMPTS || this.#judge.work.requests >= limit;
      if (confirmed.tried.fit.kind !== "missed" || isOver) return { outcome, confirmed, refused };
      this.#enter("search");
      const next = await anotherOne(search, [...refused, confirmed.tried], { order, limit });
      if (next?.best === undefined) return { outcome, confirmed, refused };
      refused.push(confirmed.tried);
      outcome = next;
      best = next.best;
      this.#best = best;
    }
  }

  #runnersUp(outcome: SearchOutcome, refused: readonly Tried[]): PlannedPlatform[] {
    const tooSmall = refused.map(({ candidate, worst }) =>
      this.#platform(candidate, {
        status: "missed",
        worst,
        why: "kept every promise in the search, and broke one on fresh seeds",
      }),
    );
    const others = outcome.others.map(({ design, status, tried, why }) =>
      this.#platform(tried?.candidate ?? { design, sizes: design.sized.map(({ own }) => own) }, {
        status,
        worst: tried?.worst ?? null,
        why,
      }),
    );
    return [...tooSmall, ...others];
  }

  #platform(
    candidate: Candidate,
    how: Pick<PlannedPlatform, "status" | "worst" | "why">,
  ): PlannedPlatform {
    return { ...plannedPlatform(this.#input.scenario, candidate), ...how };
  }

  /** A result that knows the question, the way, and no answer yet. */
  #question(): PlanResult {
    const { source, scenario } = this.#input;
    const asked = { source, scenario, limits: this.#limits, designs: this.#designs.possible };
    return { ...unanswered(asked), path: this.#judge.path, work: this.#judge.work };
  }

  #enter(phase: PlanPhase): void {
    this.#progress.enter(phase, this.#judge.work.requests);
    this.#tell();
  }

  #tell(): void {
    const { requests, simulations } = this.#judge.work;
    const { phase } = this.#progress;
    this.#onProgress({ phase, share: this.#progress.at(requests), simulations });
  }
}

function limitsOf({ plan, platform }: Scenario): Limits {
  const own = platform.pools.reduce((sum, pool) => sum + pool.replicas * pool.gpusPerReplica, 0);
  return {
    confidence: plan.confidence,
    monthlyGrowth: plan.monthlyGrowth,
    mostGpus: plan.mostGpus ?? Math.max(LEAST_LIMIT_GPUS, LIMIT_TIMES * own),
    budgetRequests: plan.budgetRequests ?? BUDGET_REQUESTS,
  };
}

/** The scenario's own design first, then the others, those whose work alone costs least first. */
function cheapestFirst(designs: readonly SearchedDesign[]): readonly SearchedDesign[] {
  return designs.toSorted(
    (a, b) => Number(isOther(a)) - Number(isOther(b)) || leastPrice(a) - leastPrice(b),
  );
}

function isOther({ design }: SearchedDesign): boolean {
  return design.words.length > 0;
}

function leastPrice({ design, bounds }: SearchedDesign): number {
  return priceOf(design, bounds.least).nanoUsdPerHour;
}

/** Searches at a larger distance from the limits until something comes out that has not been refused yet. */
async function anotherOne(
  search: Search,
  refused: readonly Tried[],
  { order, limit }: { readonly order: readonly SearchedDesign[]; readonly limit: number },
): Promise<SearchOutcome | undefined> {
  for (let step = 0; step < MOST_TIGHTENINGS; step++) {
    search.tighten();
    const outcome = await search.run(order, limit);
    const { best } = outcome;
    if (best === undefined) return undefined;
    if (!refused.some((one) => isSame(one.candidate, best.candidate))) return outcome;
  }
  return undefined;
}

function isSame(a: Candidate, b: Candidate): boolean {
  return a.design === b.design && a.sizes.every((size, at) => size === b.sizes[at]);
}
