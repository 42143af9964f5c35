/**
 * Paged KV cache of one replica, in blocks. A prompt's blocks are taken whole when its sequence joins; while decoding, a
 * sequence takes a block whenever its context passes a multiple of the block size. Which step that happens at depends
 * only on the sequence's phase (its context minus the step count, modulo the block size), so a histogram of phases gives
 * the growth over any number of steps without visiting sequences.
 */
import { assert } from "../base/assert.ts";

export class KvCache {
  readonly capacity: number;
  readonly blockTokens: number;
  /** Decoding sequences by the residue of the steps at which they take a block. */
  readonly #phases: Int32Array;
  #decodes = 0;
  #used = 0;

  constructor(capacity: number, blockTokens: number) {
    this.capacity = capacity;
    this.blockTokens = blockTokens;
    this.#phases = new Int32Array(blockTokens);
  }

  get used(): number {
    return this.#used;
  }

  get free(): number {
    return this.capacity - this.#used;
  }

  blocksFor(tokens: number): number {
    return Math.ceil(tokens / this.blockTokens);
  }

  /** Takes the blocks of a context of `tokens`; only when they are free. */
  allocate(tokens: number): void {
    this.#used += this.blocksFor(tokens);
    assert(this.#used <= this.capacity, "KV cache over its capacity");
  }

  release(tokens: number): void {
    this.#used -= this.blocksFor(tokens);
    assert(this.#used >= 0, "KV blocks released twice");
  }

  /** A sequence holding `tokens` of context decodes from step index `step` on: that step writes token `tokens` + 1. */
  startDecode(tokens: number, step: number): void {
    this.#phases[this.#phase(tokens, step)]! += 1;
    this.#decodes += 1;
  }

  /** The sequence that started with these two numbers decodes no more. */
  stopDecode(tokens: number, step: number): void {
    this.#phases[this.#phase(tokens, step)]! -= 1;
    this.#decodes -= 1;
  }

  /** Blocks that decoding takes in `steps` steps from step index `step` on. */
  growth(step: number, steps: number): number {
    const size = this.blockTokens;
    const rest = steps % size;
    let blocks = ((steps - rest) / size) * this.#decodes;
    for (let offset = 0; offset < rest; offset++) blocks += this.#phases[(step + offset) % size]!;
    return blocks;
  }

  /** Takes the blocks of `steps` steps of decoding; only when they are free. */
  grow(step: number, steps: number): void {
    this.#used += this.growth(step, steps);
    assert(this.#used <= this.capacity, "KV cache grew over its capacity");
  }

  /** How many steps from step index `step` on fit into the free blocks, at most `limit`. */
  stepsThatFit(step: number, limit: number): number {
    const size = this.blockTokens;
    if (this.#decodes * Math.ceil(limit / size) <= this.free) return limit;
    const cycles = Math.floor(this.free / this.#decodes);
    let free = this.free - cycles * this.#decodes;
    let steps = cycles * size;
    while (steps < limit) {
      free -= this.#phases[(step + steps) % size]!;
      if (free < 0) return steps;
      steps += 1;
    }
    return limit;
  }

  #phase(tokens: number, step: number): number {
    const size = this.blockTokens;
    return (((step - tokens) % size) + size) % size;
  }
}
