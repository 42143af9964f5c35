/**
 * The cheapest platform that keeps every promise with the confidence asked for: bounds, then the search, then fresh seeds, then
 * what the answer is worth knowing by. Each step has a file of its own; here is their order, and how a budget of simulated
 * requests is divided among them. Says the same with any number of threads.
 */
import type {
  PlanBound,
  PlanImpossible,
  PlannedPlatform,
  PlanResult,
  PlanStep,
} from "../../results/plan.ts";
import type { Scenario } from "../../scenario/scenario.ts";
import type { TrafficSurvey } from "../../sim/survey.ts";
import type { ScenarioSource } from "../scenario-source.ts";
import { isSteady } from "../statistics/warmup.ts";
import type { WorkerPool } from "../worker-pool.ts";
import { adviceFor } from "./advice.ts";
import { bindingOf } from "./binding.ts";
import { boundsOf, type RuledOutBy } from "./bounds.ts";
import { besideOf } from "./beside.ts";
import type { Confirmed } from "./confirm.ts";
import { type Designs, designsOf, MOST_DESIGNS, priceOf } from "./design.ts";
import { horizonOf, isRefusalEvident, rungsOf } from "./horizon.ts";
import { type Candidate, type Horizon, Judge, type Tried, variantFor } from "./judge.ts";
import { plannedPlatform } from "./platform-words.ts";
import { type Limits, noDesign, notFound, ruledOutBounds, unanswered } from "./unanswered.ts";
import { Search } from "./search.ts";
import type { SearchedDesign, SearchOutcome, Settled } from "./search-outcome.ts";
import { priceOfTried } from "./search-sizes.ts";
import { Offers } from "./offers.ts";
import { type PlanPhase, type PlanProgress, ProgressShare } from "./progress.ts";

/** What cannot be planned at all, and why: a message for the user. */
export class PlanRefused extends Error {
  override name = "PlanRefused";
}

export interface PlanInput {
  readonly source: ScenarioSource;
  readonly scenario: Scenario;
}

/** A minute of two cores, with some room: plans simulate busy platforms, at some 110,000 requests a second and core. */
const BUDGET_REQUESTS = 11_500_000;
/** GPUs that a search may go to at least, and of how many times the scenario's own: assumed, and told in the answer. */
const LEAST_LIMIT_GPUS = 64;
const LIMIT_TIMES = 4;
/** A platform tried costs this many requests and more: fewer tries prove a rival dearer. */
const DEAR_TRIAL_REQUESTS = 50_000;
const MOST_TRIES = 24;
const FEW_TRIES = 4;

interface Prepared {
  readonly survey: TrafficSurvey;
  readonly horizon: Horizon;
  readonly warmupRule: "scenario" | "mser-5";
  readonly runRequests: number;
}

/** With something to answer. */
type Answered = Settled & { readonly answer: Confirmed };

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
    if (first === undefined) {
      return this.#impossible(noDesign(this.#designs.ruledOut), bounds);
    }
    const [own = first] = possible;
    const prepared = await this.#prepare(survey, own);
    const advised = (ruledOut: RuledOutBy) => this.#advised(ruledOut, own, prepared.horizon);
    if (own.bounds.impossible !== undefined) {
      return this.#impossible(await advised(own.bounds.impossible), bounds);
    }
    const settled = await this.#settle(prepared, cheapestFirst(possible));
    const { answer } = settled;
    if (answer !== undefined) {
      return { ...(await this.#answer({ ...settled, answer }, prepared)), bounds };
    }
    const impossible = notFound(settled, this.#judge, { ...this.#limits, ...prepared });
    return this.#impossible(await advised(impossible), bounds);
  }

  #impossible(impossible: PlanImpossible, bounds: readonly PlanBound[]): PlanResult {
    return { ...this.#question(), outcome: "impossible", impossible, bounds };
  }

  /** With what could be had instead, where a simulation can say. */
  async #advised(
    { reason, nearest, promise }: RuledOutBy,
    design: SearchedDesign,
    horizon: Horizon,
  ): Promise<PlanImpossible> {
    // Too little work to judge, or too much for the GPUs: no limit would help.
    if (promise === undefined && nearest.length > 0) return { reason, nearest };
    this.#judge.limitRequests = this.#limits.budgetRequests;
    const advice = await adviceFor(design, {
      ...this.#limits,
      judge: this.#judge,
      horizon,
      promise,
    });
    return { reason, nearest: [...advice, ...nearest] };
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
    this.#judge.runRequests = runRequests;
    const horizon = horizonOf(scenario, survey, warmupNs);
    const trialRequests = horizon.seeds.length * horizon.share * runRequests;
    this.#progress.expect(trialRequests, runRequests);
    return { survey, horizon, warmupRule, runRequests };
  }

  async #settle(
    { horizon, runRequests }: Prepared,
    order: readonly SearchedDesign[],
  ): Promise<Settled> {
    this.#enter("search");
    const offers = new Offers(this.#judge, {
      ...this.#limits,
      horizon,
      seed: this.#input.scenario.simulation.seed,
      onOffer: (offered) => {
        this.#best = offered;
        this.#enter("confirm");
      },
    });
    const trial = horizon.share * runRequests;
    const search = new Search(this.#judge, offers, {
      horizon,
      rungs: rungsOf(horizon),
      mostGpus: this.#limits.mostGpus,
      mostTries: trial > DEAR_TRIAL_REQUESTS ? FEW_TRIES : MOST_TRIES,
    });
    const outcome = await search.run(order);
    return settledOf(outcome, offers.all);
  }

  async #answer(settled: Answered, prepared: Prepared): Promise<PlanResult> {
    const { tried, confirmation = null, verdict } = settled.answer;
    this.#best = tried;
    this.#enter("sensitivity");
    const isConfirmed = verdict === "kept";
    const { candidate, runs } = tried;
    const answer = this.#platform(candidate, {
      status: isConfirmed ? "confirmed" : "open",
      worst: tried.worst,
      why: settled.answer.why,
    });
    const beside = await besideOf(candidate, {
      judge: this.#judge,
      pool: this.#pool,
      horizon: prepared.horizon,
      seed: this.#input.scenario.simulation.seed,
      limits: this.#limits,
      onDone: () => this.#tell(),
    });
    return {
      ...this.#question(),
      outcome: isConfirmed ? "confirmed" : "found",
      answer,
      confirmation,
      binding: bindingOf(candidate.design.scenario, runs, confirmation),
      runnersUp: this.#runnersUp(settled),
      ...beside,
      statistics: this.#statistics(settled, prepared),
    };
  }

  #statistics(
    { outcome, answer, refused, offered }: Answered,
    { horizon, warmupRule, survey }: Prepared,
  ): PlanResult["statistics"] {
    const tolerated = 1 - this.#limits.confidence;
    return {
      warmupS: horizon.warmupNs / 1e9,
      warmupRule,
      searchSeeds: horizon.seeds,
      searchFromS: (horizon.window?.fromNs ?? 0) / 1e9,
      searchToS: (horizon.window?.toNs ?? survey.endNs) / 1e9,
      searchMostMissed: horizon.mostMissed,
      offered,
      isProvenCheapest:
        outcome.isProven &&
        isRefusalEvident(horizon, tolerated) &&
        refused.every((one) => one.verdict === "missed" || !isCheaper(one, answer)) &&
        answer.verdict === "kept",
    };
  }

  #runnersUp({ outcome, refused }: Settled): PlannedPlatform[] {
    const tooSmall = refused.map(({ tried, verdict, why }) =>
      this.#platform(tried.candidate, {
        status: verdict === "missed" ? "missed" : "open",
        worst: tried.worst,
        why,
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

/** Where nothing was confirmed, the likeliest to keep its promises is the dearest of what was not refused either. */
function settledOf(outcome: SearchOutcome, offered: readonly Confirmed[]): Settled {
  const open = offered
    .filter(({ verdict, tried }) => verdict === "open" && tried.runs.length > 0)
    .toSorted((a, b) => priceOfTried(a.tried) - priceOfTried(b.tried));
  const answer = outcome.best ?? open.at(-1);
  // What was confirmed, and outdone by something cheaper, is not refused.
  const refused = offered.filter((one) => one !== answer && one.verdict !== "kept");
  return { outcome, answer, refused, offered: offered.length };
}

function isCheaper({ tried }: Confirmed, other: Confirmed): boolean {
  return priceOfTried(tried) < priceOfTried(other.tried);
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
