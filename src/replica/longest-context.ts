/**
 * The longest context among a batch's decoding sequences. All of them grow by a token a step, so a sequence's context less the
 * step count never changes: the longest is the maximum of constants, and is looked for again only after it has left.
 */

export class LongestContext {
  /** Context at a step of index s is s + this: -Infinity while the slot does not decode. */
  readonly #offsets: Float64Array;
  /** All slots from this one on are free: replicas give out low ones first, so few are looked at. */
  #end = 0;
  #longest = -Infinity;
  #hasLeft = false;

  constructor(slots: number) {
    this.#offsets = new Float64Array(slots).fill(-Infinity);
  }

  /** The slot decodes from step index `step` on, whose context is `contextTokens`. */
  start(slot: number, step: number, contextTokens: number): void {
    const offset = contextTokens - step;
    this.#offsets[slot] = offset;
    if (slot >= this.#end) this.#end = slot + 1;
    if (offset > this.#longest) {
      this.#longest = offset;
      this.#hasLeft = false;
    }
  }

  stop(slot: number): void {
    if (this.#offsets[slot] === this.#longest) this.#hasLeft = true;
    this.#offsets[slot] = -Infinity;
    while (this.#end > 0 && this.#offsets[this.#end - 1] === -Infinity) this.#end -= 1;
  }

  /** At the step of index `step`; 0 while nobody decodes. */
  at(step: number): number {
    if (this.#hasLeft) this.#look();
    return this.#longest === -Infinity ? 0 : this.#longest + step;
  }

  #look(): void {
    let longest = -Infinity;
    for (let slot = 0; slot < this.#end; slot++) {
      const offset = this.#offsets[slot]!;
      if (offset > longest) longest = offset;
    }
    this.#longest = longest;
    this.#hasLeft = false;
  }
}
