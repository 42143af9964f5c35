/**
 * Divides step time among the sequences of a batch and remembers each sequence's sum, in O(1) per jump however many
 * sequences decode. All decoding sequences get the same base share of a step plus a share per token of their own
 * context; both are kept as running totals, and because a context grows by one token a step, a third total weighted by
 * the step index makes every sequence's part a difference of totals. Prompt chunks are few and are added one by one.
 */

export class ShareMeter {
  #base = 0;
  #perContext = 0;
  #perContextStep = 0;
  readonly #prefillPs: Float64Array;
  readonly #baseAtStart: Float64Array;
  readonly #perContextAtStart: Float64Array;
  readonly #perContextStepAtStart: Float64Array;
  /** Context at a step of index s is s + this: NaN while the slot does not decode. */
  readonly #contextOffset: Float64Array;

  constructor(slots: number) {
    this.#prefillPs = new Float64Array(slots);
    this.#baseAtStart = new Float64Array(slots);
    this.#perContextAtStart = new Float64Array(slots);
    this.#perContextStepAtStart = new Float64Array(slots);
    this.#contextOffset = new Float64Array(slots).fill(Number.NaN);
  }

  /** The slot has a new sequence. */
  enter(slot: number): void {
    this.#prefillPs[slot] = 0;
    this.#contextOffset[slot] = Number.NaN;
  }

  addPrefill(slot: number, ps: number): void {
    this.#prefillPs[slot]! += ps;
  }

  /** The slot decodes from step index `step` on, whose context is `contextTokens`. */
  startDecode(slot: number, step: number, contextTokens: number): void {
    this.#baseAtStart[slot] = this.#base;
    this.#perContextAtStart[slot] = this.#perContext;
    this.#perContextStepAtStart[slot] = this.#perContextStep;
    this.#contextOffset[slot] = contextTokens - step;
  }

  /**
   * `steps` steps from index `step` on gave every decoding sequence `basePs` in all, and `contextTokenPs` per step for
   * each token of its context.
   */
  addDecodes(step: number, steps: number, basePs: number, contextTokenPs: number): void {
    this.#base += basePs;
    this.#perContext += steps * contextTokenPs;
    this.#perContextStep += contextTokenPs * (steps * step + (steps * (steps - 1)) / 2);
  }

  prefillPs(slot: number): number {
    return this.#prefillPs[slot]!;
  }

  /** What decoding has cost the slot's sequence so far; 0 before its first decode step. */
  decodePs(slot: number): number {
    const offset = this.#contextOffset[slot]!;
    if (Number.isNaN(offset)) return 0;
    return (
      this.#base -
      this.#baseAtStart[slot]! +
      (this.#perContextStep - this.#perContextStepAtStart[slot]!) +
      offset * (this.#perContext - this.#perContextAtStart[slot]!)
    );
  }

  /** Nobody decodes: the totals start again at 0, which keeps them small and exact. */
  reset(): void {
    this.#base = 0;
    this.#perContext = 0;
    this.#perContextStep = 0;
  }
}
