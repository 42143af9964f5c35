/**
 * Measures fairness as it is lived: for every two tenants of a pool that are both backlogged, how far the difference of their
 * weighted service wanders while they are. Sheng et al. (OSDI 2024) bound that for VTC by
 * 2 * max(w_p * L_input, w_q * M) / min(w_f, w_g), with L_input the longest prompt and M the KV tokens under the counter.
 */

export interface ServiceGap {
  /** Largest wander of W_f/w_f - W_g/w_g seen, service units. */
  readonly gap: number;
  readonly bound: number;
  readonly pair: readonly [number, number];
}

interface Pair {
  /** When the two became backlogged together: a change starts the measurement afresh. */
  since: number;
  low: number;
  high: number;
}

export class FairnessTracker {
  readonly #weights: readonly number[];
  readonly #pairs = new Map<number, Pair>();
  readonly #backloggedSince: Float64Array;
  readonly #limits: { inputTokenWeight: number; outputTokenWeight: number; kvTokens: number };
  #longestPrompt = 0;
  #worst: ServiceGap | undefined;

  constructor(
    weights: readonly number[],
    limits: { inputTokenWeight: number; outputTokenWeight: number; kvTokens: number },
  ) {
    this.#weights = weights;
    this.#limits = limits;
    this.#backloggedSince = new Float64Array(weights.length).fill(-1);
  }

  get worst(): ServiceGap | undefined {
    return this.#worst;
  }

  prompt(tokens: number): void {
    if (tokens > this.#longestPrompt) this.#longestPrompt = tokens;
  }

  /** The tenant's queue is not empty any more, or empty again. */
  backlogChanged(nowNs: number, tenant: number, isBacklogged: boolean): void {
    this.#backloggedSince[tenant] = isBacklogged ? nowNs : -1;
  }

  /** Compares all pairs of the backlogged tenants; `serviceOf` is each one's service so far, unweighted. */
  sample(backlogged: readonly number[], serviceOf: (tenant: number) => number): void {
    const weighted = backlogged.map((tenant) => serviceOf(tenant) / this.#weights[tenant]!);
    for (let i = 0; i < backlogged.length; i++) {
      for (let j = i + 1; j < backlogged.length; j++) {
        this.#compare(backlogged[i]!, backlogged[j]!, weighted[i]! - weighted[j]!);
      }
    }
  }

  #compare(a: number, b: number, signed: number): void {
    const [f, g] = a < b ? [a, b] : [b, a];
    const difference = a < b ? signed : -signed;
    const since = Math.max(this.#backloggedSince[f]!, this.#backloggedSince[g]!);
    const key = f * this.#weights.length + g;
    const pair = this.#pairs.get(key);
    if (pair === undefined || pair.since !== since) {
      this.#pairs.set(key, { since, low: difference, high: difference });
      return;
    }
    pair.low = Math.min(pair.low, difference);
    pair.high = Math.max(pair.high, difference);
    const gap = pair.high - pair.low;
    if (this.#worst !== undefined && gap <= this.#worst.gap) return;
    this.#worst = { gap, bound: this.#bound(f, g), pair: [f, g] };
  }

  #bound(f: number, g: number): number {
    const { inputTokenWeight, outputTokenWeight, kvTokens } = this.#limits;
    const service = Math.max(inputTokenWeight * this.#longestPrompt, outputTokenWeight * kvTokens);
    return (2 * service) / Math.min(this.#weights[f]!, this.#weights[g]!);
  }
}
