/**
 * From the search to an answer: whatever the search finds cheapest is put to fresh seeds, and where they do not confirm it the
 * search goes on without it. So what is confirmed at last is the cheapest that fresh seeds would have, as long as everything
 * cheaper was refused: by the search's seeds where most of them missed, by fresh seeds where there was any doubt.
 */
import { type Confirmed, confirm } from "./confirm.ts";
import type { Horizon, Judge, Tried } from "./judge.ts";
import type { PlanPhase } from "./progress.ts";
import type { Search } from "./search.ts";
import type { SearchedDesign, SearchOutcome } from "./search-outcome.ts";

/** Parts of the budget: the rest of it is for what comes after. */
const SEARCH_SHARE = 0.5;
const CONFIRM_SHARE = 0.8;
/** Platforms that are put to fresh seeds one after the other before a plan gives up: each is dearer than the one before. Assumed. */
const MOST_OFFERED = 64;
/** Fresh seeds of one platform, apart from those of the search and of other platforms. */
const SEEDS_APART = 10_000;

export interface Settling {
  readonly judge: Judge;
  readonly search: Search;
  readonly order: readonly SearchedDesign[];
  readonly horizon: Horizon;
  readonly confidence: number;
  readonly budgetRequests: number;
  readonly seed: number;
  readonly onPhase: (phase: PlanPhase, best: Tried | undefined) => void;
}

export interface Settled {
  readonly outcome: SearchOutcome;
  /** Undefined: nothing was found, or nothing that fresh seeds have not refused. */
  readonly answer: Confirmed | undefined;
  /** Cheaper platforms that fresh seeds did not confirm, in the order they were offered. */
  readonly refused: readonly Confirmed[];
}

export async function settle(how: Settling): Promise<Settled> {
  const { judge, search, order, budgetRequests, onPhase } = how;
  const refused: Confirmed[] = [];
  judge.limitRequests = SEARCH_SHARE * budgetRequests;
  onPhase("search", undefined);
  for (;;) {
    const outcome = await search.run(order);
    judge.limitRequests = CONFIRM_SHARE * budgetRequests;
    const { best } = outcome;
    if (best === undefined || refused.length === MOST_OFFERED) return unconfirmed(outcome, refused);
    onPhase("confirm", best);
    const confirmed = await confirm(judge, best.candidate, optionsFor(how, refused));
    if (confirmed.verdict === "kept") return { outcome, answer: confirmed, refused };
    refused.push(confirmed);
    if (confirmed.isSpent) return unconfirmed(outcome, refused);
    const missing = confirmed.tried.runs.flatMap(({ tiers }) =>
      tiers.filter(({ verdict }) => verdict === "missed").map(({ tier }) => tier),
    );
    search.refuse(best.candidate, [...new Set(missing)]);
    onPhase("search", best);
  }
}

function optionsFor({ confidence, horizon, seed }: Settling, refused: readonly Confirmed[]) {
  return {
    confidence,
    horizon,
    firstSeed: seed + (refused.length + 1) * SEEDS_APART,
    testedBefore: refused.filter(({ confirmation }) => confirmation !== undefined).length,
  };
}

/** Of what was not confirmed, the dearest that was not refused either is the likeliest to keep its promises. */
function unconfirmed(outcome: SearchOutcome, refused: readonly Confirmed[]): Settled {
  const answer = refused.findLast(({ verdict }) => verdict === "open");
  return { outcome, answer, refused: refused.filter((one) => one !== answer) };
}
