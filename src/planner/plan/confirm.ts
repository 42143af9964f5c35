/**
 * Whether a platform that the search found keeps its promises often enough, asked of seeds that the search has never seen: among
 * many platforms tried, the one that looked good enough at the least price has been lucky more often than not. Runs are added until
 * they are enough for a claim, or are evidence that it misses in more than the tolerated share of runs, or until neither will come
 * within the budget; only then is it left open. A short look on the search's own part of the run comes first, which is cheap and
 * can only refuse. Every attempt draws seeds of its own.
 */
import { shareAtLeast } from "../../base/beta.ts";
import type { PlanConfirmation } from "../../results/plan.ts";
import { counted, percentOf } from "../../results/plan-words.ts";
import { missEvidence, type Runs } from "../statistics/evidence.ts";
import { predictionOf } from "../statistics/prediction.ts";
import type { RunReadings } from "../job.ts";
import { type Claim, NEXT_RUN, shareClaim, supportedConfidence } from "./claims.ts";
import { type Candidate, type Horizon, type Judge, type Tried, triedOf } from "./judge.ts";
import { pressuresOf } from "./pressures.ts";

export interface ConfirmOptions {
  readonly confidence: number;
  /** The search's, for the look that comes first. */
  readonly horizon: Horizon;
  /** The first of the attempt's seeds. */
  readonly firstSeed: number;
  /** How many platforms have been tested on whole runs before: each takes a smaller part of the error. */
  readonly testedBefore: number;
}

export interface Confirmed {
  /** open: the budget ended, or so many runs were made that it lies too close to the limit to be told. */
  readonly verdict: "kept" | "missed" | "open";
  /** Undefined where it did not get beyond the first look. */
  readonly confirmation: PlanConfirmation | undefined;
  /** Whether the budget does not allow another look. */
  readonly isSpent: boolean;
  /** Of the last runs, with their worst promise. */
  readonly tried: Tried;
  /** Why it was not confirmed; empty where it was. */
  readonly why: string;
}

/** Runs that are to say nothing against it before whole runs are made, the search's own included, and how many at a time. Assumed. */
const SCREEN_RUNS = 10;
const SCREEN_LOOK_RUNS = 2;
/** Whole runs at a time, at least: as many as keep a few threads busy. */
const LOOK_RUNS = 4;
/** Later looks come after a quarter more runs. */
const LOOK_SHARE = 0.25;
/** A platform that keeps its promises often enough is refused no more often than this; assumed. */
const REFUSAL_ERROR = 0.01;
/** With so many runs, one in 20 misses is told from one in 50 and one in 12. More are made of no platform. */
const MOST_RUNS = 1000;
/** What clean runs would be enough for is only begun, or gone on with after a miss, within this part of the runs that may be made. */
const CLEAN_SHARE = 0.5;
/** No platform takes more than this part of the budget, or than so many times the runs that would do if all were clean. Assumed. */
const MOST_SHARE = 0.125;
const MOST_TIMES_CLEAN = 3;

export async function confirm(
  judge: Judge,
  found: Tried,
  options: ConfirmOptions,
): Promise<Confirmed> {
  const { confidence, horizon, firstSeed, testedBefore } = options;
  const { candidate } = found;
  const before = { runs: found.runs.length, missed: found.missed };
  const screen = new FreshRuns(judge, candidate, { horizon: { ...horizon, seeds: [] }, before });
  const screened = await screen.screened(firstSeed, confidence);
  if (screened !== undefined) return screened;
  const share = shareClaim(1 / ((testedBefore + 1) * (testedBefore + 2)));
  const needed = share.cleanRunsTo({ runs: 0, missed: 0 }, confidence);
  const affordable = Math.min(MOST_RUNS, judge.affordableRuns);
  const isShare = needed <= CLEAN_SHARE * affordable;
  const most = Math.max(MOST_SHARE * judge.affordableRuns, MOST_TIMES_CLEAN * needed);
  const whole = { ...horizon, window: undefined, share: 1, seeds: [] };
  const runs = new FreshRuns(judge, candidate, { horizon: whole, before: screen.all });
  return runs.tested(firstSeed + SCREEN_RUNS, {
    confidence,
    claim: isShare ? share : NEXT_RUN,
    // Where runs are dear, one that missed leaves them to a platform that does not.
    mostRuns: isShare
      ? Math.min(MOST_RUNS, Math.floor(most))
      : NEXT_RUN.cleanRunsTo({ runs: 0, missed: 0 }, confidence),
  });
}

interface Asked {
  readonly confidence: number;
  readonly claim: Claim;
  readonly mostRuns: number;
}

/** Runs of one platform under one seed after another. */
class FreshRuns {
  readonly #judge: Judge;
  readonly #candidate: Candidate;
  readonly #readings: RunReadings[] = [];
  /** Made by others before, which count against it alone: it was chosen for them. */
  readonly #before: Runs;
  #horizon: Horizon;

  constructor(
    judge: Judge,
    candidate: Candidate,
    { horizon, before }: { readonly horizon: Horizon; readonly before: Runs },
  ) {
    this.#judge = judge;
    this.#candidate = candidate;
    this.#horizon = horizon;
    this.#before = before;
  }

  /** With those before. */
  get all(): Runs {
    const { runs, missed } = this.#fresh.counts;
    return { runs: this.#before.runs + runs, missed: this.#before.missed + missed };
  }

  /** What a first look says against it, if anything. */
  async screened(firstSeed: number, confidence: number): Promise<Confirmed | undefined> {
    while (this.all.runs < SCREEN_RUNS) {
      if (!(await this.#more(SCREEN_LOOK_RUNS, { firstSeed, mayLeave: true }))) {
        return { ...this.#told("open", this.#spentWords()), isSpent: true };
      }
      if (this.#isRefused(confidence)) return this.#told("missed", this.#missedWords());
    }
    return undefined;
  }

  async tested(firstSeed: number, asked: Asked): Promise<Confirmed> {
    const { confidence, claim, mostRuns } = asked;
    for (;;) {
      const left = mostRuns - this.#readings.length;
      const next = Math.max(LOOK_RUNS, Math.floor(this.#readings.length * LOOK_SHARE));
      const isMore = await this.#more(Math.min(left, next), { firstSeed, mayLeave: false });
      const rule = claim.enoughBy(this.#fresh, confidence);
      if (rule !== undefined) return this.#told("kept", "", this.#report(asked, rule));
      if (this.#isRefused(confidence)) {
        return this.#told("missed", this.#missedWords(), this.#report(asked, "none"));
      }
      if (isMore && !this.#isFutile(asked)) continue;
      const isSpent = !isMore && left > 0 && this.#judge.affordableRuns < LOOK_RUNS;
      const isClose = left === 0 && claim !== NEXT_RUN;
      const why = isClose ? this.#closeWords(confidence) : this.#spentWords();
      return { ...this.#told("open", why, this.#report(asked, "none")), isSpent };
    }
  }

  get #fresh() {
    const { missed } = this.#tried;
    return { counts: { runs: this.#readings.length, missed }, readings: this.#readings };
  }

  get #tried(): Tried {
    return triedOf(this.#candidate, this.#horizon, this.#readings);
  }

  /** False where there are to be none, or the budget does not allow them. */
  async #more(
    count: number,
    { firstSeed, mayLeave }: { readonly firstSeed: number; readonly mayLeave: boolean },
  ): Promise<boolean> {
    const seeds = Array.from({ length: count }, (_, at) => firstSeed + this.#readings.length + at);
    const look = { ...this.#horizon, seeds, mostMissed: count };
    if (count === 0 || !this.#judge.canAfford(look)) return false;
    const tried = await this.#judge.look(this.#candidate, { horizon: look, mayLeave });
    this.#judge.countRuns(tried);
    this.#readings.push(...tried.runs);
    this.#horizon = { ...this.#horizon, seeds: [...this.#horizon.seeds, ...seeds] };
    return true;
  }

  #isRefused(confidence: number): boolean {
    return missEvidence(this.all, 1 - confidence) >= 1 / REFUSAL_ERROR;
  }

  /** A run has missed, so that margins will not do, and outweighing it would take more than half of what the budget still allows. */
  #isFutile({ confidence, claim }: Asked): boolean {
    const { counts } = this.#fresh;
    return counts.missed > 0 && claim.cleanRunsTo(counts, confidence) > this.#judge.affordableRuns;
  }

  #told(verdict: Confirmed["verdict"], why: string, confirmation?: PlanConfirmation): Confirmed {
    const tried = this.#tried;
    this.#judge.note(tried, { phase: "confirm", outcome: verdict, note: why });
    return { verdict, confirmation, tried, why, isSpent: false };
  }

  #missedWords(): string {
    const { runs, missed } = this.#fresh.counts;
    return `missed in ${missed} of ${counted(runs, "fresh run")}`;
  }

  #spentWords(): string {
    return `${this.#missedWords()}, and the budget does not allow enough of them to tell`;
  }

  #closeWords(confidence: number): string {
    return `${this.#missedWords()}, too close to ${percentOf(1 - confidence)} % to be told from it`;
  }

  #report({ confidence, claim }: Asked, rule: PlanConfirmation["rule"]): PlanConfirmation {
    const { runs, missed } = this.#fresh.counts;
    const all = pressuresOf(this.#readings);
    return {
      claim: claim.kind,
      rule,
      confidence:
        rule === "none" ? supportedConfidence(claim, this.#fresh, confidence) : confidence,
      seeds: this.#horizon.seeds,
      runsMissed: missed,
      keptShareAtLeast: runs === 0 ? 0 : shareAtLeast(runs - missed, runs, confidence),
      promises: all.map(({ promise, pressures }) => {
        const prediction = predictionOf(pressures, (1 - confidence) / all.length);
        return {
          promise,
          pressure: prediction?.pressure ?? null,
          spread: prediction?.spread ?? null,
          predictedAtMost: prediction?.atMost ?? null,
        };
      }),
    };
  }
}
