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
  readonly #limits: { inputTokenWeight: number; outputTokenWeight: number; kvTokens: number };
  #longestPrompt = 0;
  #worst: ServiceGap | undefined;

  constructor(
    weights: readonly number[],
    limits: { inputTokenWeight: number; outputTokenWeight: number; kvTokens: number },
  ) {
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

  prompt(tokens: number): void {
    if (tokens > this.#longestPrompt) this.#longestPrompt = tokens;
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
    const { inputTokenWeight, outputTokenWeight, kvTokens } = this.#limits;
    const service = Math.max(inputTokenWeight * this.#longestPrompt, outputTokenWeight * kvTokens);
    return (2 * service) / Math.min(this.#weights[f]!, this.#weights[g]!);
  }
}
