/**
 * What a tenant's requests have produced lately, as a forecast for the next: a moving mean (the predictor of Sheng et
 * al.'s VTC artifact: four parts old, one part new) for scheduling and KV planning, and the p90 of the last outputs for
 * soft reservations. Before any output is known, both are the request's own maximum.
 */

const WINDOW = 128;
/** The p90 is sorted out anew after this many outputs, when asked for: it moves slowly, and sorting is the only cost. */
const REFRESH_EVERY = 16;
const MEAN_MEMORY = 4 / 5;

export class OutputPredictor {
  readonly #recent = new Float64Array(WINDOW);
  #count = 0;
  #mean = Infinity;
  #p90 = Infinity;
  /** Outputs seen when the p90 was last sorted out. */
  #sortedAt = 0;

  observe(outputTokens: number): void {
    this.#mean =
      this.#mean === Infinity
        ? outputTokens
        : MEAN_MEMORY * this.#mean + (1 - MEAN_MEMORY) * outputTokens;
    this.#recent[this.#count % WINDOW] = outputTokens;
    this.#count += 1;
  }

  /** Expected output of a request that may produce up to `maxTokens`. */
  expectedTokens(maxTokens: number): number {
    return Math.min(maxTokens, Math.ceil(this.#mean));
  }

  /** Output that nine in ten requests stay within, at most `maxTokens`. */
  p90Tokens(maxTokens: number): number {
    const isStale =
      this.#count - this.#sortedAt >= (this.#count <= REFRESH_EVERY ? 1 : REFRESH_EVERY);
    if (isStale) this.#refresh();
    return Math.min(maxTokens, this.#p90);
  }

  #refresh(): void {
    this.#sortedAt = this.#count;
    const sorted = this.#recent.subarray(0, Math.min(this.#count, WINDOW)).toSorted();
    this.#p90 = sorted[Math.ceil(0.9 * sorted.length) - 1]!;
  }
}
