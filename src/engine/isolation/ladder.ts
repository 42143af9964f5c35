/**
 * When to tighten and when to let go: a count of checks with hysteresis, and nothing about what a rung means. It climbs a rung
 * when the victims have suffered on the present one for long enough, and steps down a rung at a time after quiet. A step
 * down that brings the suffering back is undone at once, and the next is tried after a longer quiet: under a lasting
 * flood it comes to rest on the lowest rung that protects, so that no more is held back than must be.
 */

/** A step down that proved wrong makes the next one wait this many times as long, up to the most. Assumed. */
const PATIENCE_GROWTH = 4;
const MOST_PATIENCE = 64;

export interface LadderSettings {
  /** Checks with suffering on one rung before the next. */
  readonly tightenAfterChecks: number;
  /** Checks in a row without, before a step down. */
  readonly relaxAfterChecks: number;
}

export type Move = "tighten" | "relax" | "stay";

export class Ladder {
  readonly #rungs: number;
  /** 0: on the ground, where nothing is held back. */
  #rung = 0;
  #strainedChecks = 0;
  #quietChecks = 0;
  #patience = 1;
  /** The last move was a step down. */
  #hasRelaxed = false;

  constructor(rungs: number) {
    this.#rungs = rungs;
  }

  get rung(): number {
    return this.#rung;
  }

  /** On the ground, and quiet for as long as a step down takes. */
  isAtRest({ relaxAfterChecks }: LadderSettings): boolean {
    return this.#rung === 0 && this.#quietChecks >= relaxAfterChecks * this.#patience;
  }

  /** One check: do its victims suffer? Says how the rung has changed. */
  observe(isStrained: boolean, settings: LadderSettings): Move {
    return isStrained ? this.#strained(settings) : this.#quiet(settings);
  }

  #strained({ tightenAfterChecks }: LadderSettings): Move {
    this.#quietChecks = 0;
    this.#strainedChecks += 1;
    // From the ground, the alarm is reason enough; after a step down, its first consequence is.
    const isDue =
      this.#rung === 0 || this.#hasRelaxed || this.#strainedChecks >= tightenAfterChecks;
    if (!isDue || this.#rung === this.#rungs) return "stay";
    if (this.#hasRelaxed)
      this.#patience = Math.min(PATIENCE_GROWTH * this.#patience, MOST_PATIENCE);
    this.#hasRelaxed = false;
    this.#strainedChecks = 0;
    this.#rung += 1;
    return "tighten";
  }

  #quiet({ relaxAfterChecks }: LadderSettings): Move {
    this.#quietChecks += 1;
    const isDue = this.#quietChecks >= relaxAfterChecks * this.#patience;
    if (!isDue || this.#rung === 0) return "stay";
    this.#quietChecks = 0;
    this.#strainedChecks = 0;
    this.#hasRelaxed = true;
    this.#rung -= 1;
    return "relax";
  }
}
