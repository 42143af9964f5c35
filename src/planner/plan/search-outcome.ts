/** What a search is asked, and what it comes to. */
import type { DesignBounds } from "./bounds.ts";
import type { Confirmed } from "./confirm.ts";
import type { Design } from "./design.ts";
import type { Horizon, Tried } from "./judge.ts";

export interface SearchedDesign {
  readonly design: Design;
  readonly bounds: DesignBounds;
}

export interface SearchOptions {
  readonly horizon: Horizon;
  /** Shorter runs for halving, the shortest first; empty where runs are short anyway. */
  readonly rungs: readonly Horizon[];
  readonly mostGpus: number;
  /** Sizes tried to prove a design no cheaper, at most. */
  readonly mostTries: number;
}

export interface SearchOutcome {
  /** Undefined: nothing was confirmed. */
  readonly best: Confirmed | undefined;
  readonly isProven: boolean;
  /** Whether it was ended by its budget. */
  readonly isSpent: boolean;
  /** What became of each design that is not the answer's. */
  readonly others: readonly OtherDesign[];
  /** Tiers that too few requests come of to judge them. */
  readonly unknownTiers: readonly string[];
}

/** What a search came to, and what fresh seeds said of what it put to them. */
export interface Settled {
  readonly outcome: SearchOutcome;
  /** Undefined: nothing was found, or nothing that fresh seeds have not refused. */
  readonly answer: Confirmed | undefined;
  /** Others that fresh seeds did not confirm, in the order they were put to them. */
  readonly refused: readonly Confirmed[];
  readonly offered: number;
}

export interface OtherDesign {
  readonly design: Design;
  readonly status: "missed" | "dropped" | "excluded" | "kept";
  /** The best that was tried of it. */
  readonly tried: Tried | undefined;
  readonly why: string;
}
