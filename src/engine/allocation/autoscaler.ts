/**
 * Decides how many replicas a pool takes on or gives back, from its risk over time. Out: the averaged risk has stayed above a
 * threshold for a while; as many as would bring it down to the threshold, at most as many again as serve now. In: the risk
 * that one replica fewer would run has stayed below a lower threshold for a quiet time; one at a time. Two thresholds, the
 * projection to one replica fewer, and cool-downs keep it from flapping. Which replicas they are is autoscaling.ts.
 */
import type { AutoscaleConfig } from "../config.ts";

/** The pool at one check. */
export interface PoolScale {
  readonly risk: number;
  /** Replicas that take requests, and those on their way to it. */
  readonly open: number;
  readonly booting: number;
  /** Provisioned and meant to serve, but down. */
  readonly down: number;
  /** Off or draining: what could be taken on. */
  readonly spare: number;
}

/** One decision adds at most as many replicas as serve: a bad minute must not order the whole fleet. Kubernetes' default, too. */
const MOST_GROWTH = 2;

export class Autoscaler {
  readonly #config: () => AutoscaleConfig;
  #risk = 0;
  #needed = 0;
  #checkedNs = 0;
  #highSinceNs: number | undefined;
  #quietSinceNs: number | undefined;
  /** When replicas were last asked for or still on their way, and when one was last given back. */
  #outNs = -Infinity;
  #inNs = -Infinity;

  /** `config` is asked every time, since a reload may change it. */
  constructor(config: () => AutoscaleConfig) {
    this.#config = config;
  }

  /** The risk, averaged. */
  get risk(): number {
    return this.#risk;
  }

  /** Replicas at which the risk would be at the scale-out threshold: what the load needs, not rounded. */
  get needed(): number {
    return this.#needed;
  }

  /** Replicas to take on; -1 to give one back; 0 to leave things as they are. Called at every check, in order of time. */
  check(nowNs: number, pool: PoolScale): number {
    this.#average(nowNs, pool);
    const restored = this.missing(pool);
    if (pool.booting > 0 || restored > 0) this.#outNs = nowNs;
    if (restored > 0) return restored;
    const out = this.#out(nowNs, pool);
    const isGivenBack = out === 0 && this.#isOneTooMany(nowNs, pool);
    return isGivenBack ? -1 : out;
  }

  /** Replicas that must be taken on at once, whatever the risk, for the pool to have its least. */
  missing({ open, booting, spare }: PoolScale): number {
    return Math.min(Math.max(0, this.#config().min - open - booting), spare);
  }

  #average(nowNs: number, { risk, open, booting, down }: PoolScale): void {
    const { smoothingNs, scaleOutAbove } = this.#config();
    const sinceNs = nowNs - this.#checkedNs;
    this.#checkedNs = nowNs;
    // A first-order lag, stepped backwards: no exponential, so the same on every machine.
    if (sinceNs > 0) this.#risk += ((risk - this.#risk) * sinceNs) / (smoothingNs + sinceNs);
    this.#needed = open > 0 ? (open * this.#risk) / scaleOutAbove : booting + down;
  }

  #out(nowNs: number, { risk, open, booting, spare }: PoolScale): number {
    const { scaleOutAbove, scaleOutAfterNs, cooldownNs } = this.#config();
    if (this.#risk <= scaleOutAbove) {
      this.#highSinceNs = undefined;
      return 0;
    }
    this.#highSinceNs ??= nowNs;
    if (nowNs - this.#highSinceNs < scaleOutAfterNs) return 0;
    // The average lags: what is over already must not order replicas.
    if (risk <= scaleOutAbove) return 0;
    // While some are on their way, more are asked for only where those would not do.
    if (booting === 0 && nowNs - this.#outNs < cooldownNs) return 0;
    const wanted = Math.ceil(Math.min(this.#needed, open * MOST_GROWTH));
    const added = Math.min(wanted - open - booting, spare);
    if (added <= 0) return 0;
    this.#highSinceNs = undefined;
    this.#outNs = nowNs;
    return added;
  }

  #isOneTooMany(nowNs: number, pool: PoolScale): boolean {
    const { scaleInAfterNs, cooldownNs, min } = this.#config();
    const isSpared = pool.down > 0 ? pool.open >= min : pool.open > min;
    if (!isSpared || pool.booting > 0 || !this.#isQuietWithOneFewer(pool)) {
      this.#quietSinceNs = undefined;
      return false;
    }
    this.#quietSinceNs ??= nowNs;
    if (nowNs - this.#quietSinceNs < scaleInAfterNs) return false;
    if (nowNs - Math.max(this.#outNs, this.#inNs) < cooldownNs) return false;
    this.#quietSinceNs = undefined;
    this.#inNs = nowNs;
    return true;
  }

  /** One that is down is the first to go, and changes nothing for the others. */
  #isQuietWithOneFewer({ open, down }: PoolScale): boolean {
    const projected = down > 0 ? this.#risk : (this.#risk * open) / (open - 1);
    return projected < this.#config().scaleInBelow;
  }
}
