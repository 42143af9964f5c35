/**
 * Measures fairness as it is lived: for every two tenants of a pool that are both backlogged, how far the difference of their
 * weighted service wanders while they are. Sheng et al. (OSDI 2024) bound that for VTC, which charges tokens as they appear,
 * by 2 max(w_p L, w_q M) / min(w_f, w_g). Here service is charged ahead by prediction and heads may be overtaken for want of
 * room, so the bound is wider; it is proven below and held against every run.
 *
 * Proof, one side: at a decision every counter is within max(w_p, w_q) M of its tenant's service, M being the KV tokens of all
 * replicas, for only what is bound is charged ahead. When f was last chosen, its counter was not above g's, or g's head found
 * no room: at most MOST_OVERTAKEN requests pass a head, and while a replica is held for it, the other replicas finish what
 * they run. What f gets afterwards is at most what its bound requests can still produce: max(w_p, w_q) M again.
 */
import { MOST_OVERTAKEN } from "./allocation/overtaking.ts";

/** What the bound depends on, besides weights and the longest request seen. */
export interface FairnessLimits {
  readonly inputTokenWeight: number;
  readonly outputTokenWeight: number;
  /** Over all replicas under the counters. */
  readonly kvTokens: number;
  readonly slots: number;
  readonly replicas: number;
}

export interface ServiceGap {
  /** Largest wander of W_f/w_f - W_g/w_g seen, service units. */
  readonly gap: number;
  readonly bound: number;
  readonly pair: readonly [number, number];
}

/** A tenant that is backlogged; the number tells one uninterrupted backlog from the next. */
interface Backlog {
  readonly tenant: number;
  readonly backlogNumber: number;
}

interface Pair {
  /** The backlogs measured: when either changes, the measurement starts afresh. */
  readonly backlogF: number;
  readonly backlogG: number;
  low: number;
  high: number;
}

export class FairnessTracker {
  #weights: readonly number[];
  readonly #pairs = new Map<number, Pair>();
  readonly #limits: FairnessLimits;
  #longestPrompt = 0;
  #longestOutput = 0;
  #worst: ServiceGap | undefined;

  constructor(weights: readonly number[], limits: FairnessLimits) {
    this.#weights = weights;
    this.#limits = limits;
  }

  /** Other weights from now on: what is being measured starts afresh, the worst gap is remembered. */
  reweight(weights: readonly number[]): void {
    this.#weights = weights;
    this.#pairs.clear();
  }

  get worst(): ServiceGap | undefined {
    return this.#worst;
  }

  /** A request is served that has this prompt and may have this output, tokens. */
  served(promptTokens: number, maxOutputTokens: number): void {
    if (promptTokens > this.#longestPrompt) this.#longestPrompt = promptTokens;
    if (maxOutputTokens > this.#longestOutput) this.#longestOutput = maxOutputTokens;
  }

  /** Compares all pairs of the backlogged tenants; `serviceOf` is each one's service so far, unweighted. */
  sample(backlogged: readonly Backlog[], serviceOf: (tenant: number) => number): void {
    for (const [index, a] of backlogged.entries()) {
      for (let other = index + 1; other < backlogged.length; other++) {
        const b = backlogged[other]!;
        if (a.tenant < b.tenant) this.#compare(a, b, serviceOf);
        else this.#compare(b, a, serviceOf);
      }
    }
  }

  #compare(f: Backlog, g: Backlog, serviceOf: (tenant: number) => number): void {
    const weighted = (tenant: number) => serviceOf(tenant) / this.#weights[tenant]!;
    const difference = weighted(f.tenant) - weighted(g.tenant);
    const key = f.tenant * this.#weights.length + g.tenant;
    const pair = this.#pairs.get(key);
    const isContinued = pair?.backlogF === f.backlogNumber && pair.backlogG === g.backlogNumber;
    if (pair === undefined || !isContinued) {
      this.#pairs.set(key, {
        backlogF: f.backlogNumber,
        backlogG: g.backlogNumber,
        low: difference,
        high: difference,
      });
      return;
    }
    pair.low = Math.min(pair.low, difference);
    pair.high = Math.max(pair.high, difference);
    const gap = pair.high - pair.low;
    if (this.#worst !== undefined && gap <= this.#worst.gap) return;
    this.#worst = { gap, bound: this.#bound(f.tenant, g.tenant), pair: [f.tenant, g.tenant] };
  }

  #bound(f: number, g: number): number {
    const { inputTokenWeight, outputTokenWeight, kvTokens, slots, replicas } = this.#limits;
    const output = outputTokenWeight * this.#longestOutput;
    const ahead = 2 * Math.max(inputTokenWeight, outputTokenWeight) * kvTokens;
    const overtaken = MOST_OVERTAKEN * (inputTokenWeight * this.#longestPrompt + output);
    const held = replicas > 1 ? slots * output : 0;
    return (2 * (ahead + overtaken + held)) / Math.min(this.#weights[f]!, this.#weights[g]!);
  }
}
