/**
 * Paged KV cache of one replica, in blocks. A prompt's blocks are taken whole when its sequence joins; while decoding, a
 * sequence takes a block whenever its context passes a multiple of the block size. Which step that happens at depends
 * only on the sequence's phase (its context minus the step count, modulo the block size), so a histogram of phases gives
 * the growth over any number of steps without visiting sequences. Blocks that are cached for others to find (prefix-tree.ts)
 * count as used once while anyone holds them, and as free when nobody does: they are evicted as room is needed.
 */
import { assert } from "../base/assert.ts";
import type { PrefixKey } from "./prefix-key.ts";
import { type PrefixHold, PrefixTree } from "./prefix-tree.ts";

export class KvCache {
  readonly capacity: number;
  readonly blockTokens: number;
  /** Decoding sequences by the residue of the steps at which they take a block. */
  readonly #phases: Int32Array;
  readonly #prefixes: PrefixTree;
  #decodes = 0;
  #used = 0;

  constructor(capacity: number, blockTokens: number) {
    this.capacity = capacity;
    this.blockTokens = blockTokens;
    this.#phases = new Int32Array(blockTokens);
    this.#prefixes = new PrefixTree(blockTokens);
  }

  get used(): number {
    return this.#used;
  }

  /** Blocks that can be taken: truly free ones, and those cached that nobody holds. */
  get free(): number {
    return this.capacity - this.#used;
  }

  /** Cached blocks that nobody holds. */
  get idle(): number {
    return this.#prefixes.idleBlocks;
  }

  blocksFor(tokens: number): number {
    return Math.ceil(tokens / this.blockTokens);
  }

  /** Blocks that a context takes which may share what others hold of its beginning. */
  blocksBeside(key: PrefixKey, tokens: number): number {
    return this.blocksFor(tokens) - this.#prefixes.find(key, tokens - 1).heldBlocks;
  }

  /** Takes the blocks of a context of `tokens`; only when they are free. */
  allocate(tokens: number): void {
    this.#used += this.blocksFor(tokens);
    assert(this.#used <= this.capacity, "KV cache over its capacity");
    this.#evict();
  }

  /** As allocate, sharing what is cached of the context's beginning: all but its last token, which is always computed. */
  share(key: PrefixKey, tokens: number): PrefixHold {
    const heldBefore = this.#prefixes.heldBlocks;
    const hold = this.#prefixes.hold(key, tokens - 1);
    this.#used += this.#prefixes.heldBlocks - heldBefore + this.blocksFor(tokens) - hold.blocks;
    assert(this.#used <= this.capacity, "KV cache over its capacity");
    this.#evict();
    return hold;
  }

  /** The first `tokens` tokens of a sequence that shares are computed: others find them from now on. */
  keep(hold: PrefixHold, tokens: number): void {
    const before = { own: hold.blocks, all: this.#prefixes.heldBlocks };
    this.#prefixes.extend(hold, tokens);
    // Its own blocks become the cache's; where the cache has the same already, its own are freed.
    this.#used += this.#prefixes.heldBlocks - before.all - (hold.blocks - before.own);
  }

  /** A sequence that shares and holds `tokens` of context leaves; what it computed stays cached. */
  drop(hold: PrefixHold, tokens: number): void {
    const ownBlocks = this.blocksFor(tokens) - hold.blocks;
    const heldBefore = this.#prefixes.heldBlocks;
    this.#prefixes.release(hold);
    this.#used -= ownBlocks + heldBefore - this.#prefixes.heldBlocks;
    assert(this.#used >= 0, "KV blocks released twice");
  }

  /** Everything cached is lost, as in a crash. */
  forget(): void {
    this.#prefixes.clear();
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
    // Round the ring without a division for every step: this runs at every boundary.
    let phase = step % size;
    for (let left = rest; left > 0; left--) {
      blocks += this.#phases[phase]!;
      phase = phase + 1 === size ? 0 : phase + 1;
    }
    return blocks;
  }

  /** Takes the blocks of `steps` steps of decoding; only when they are free. */
  grow(step: number, steps: number): void {
    this.#used += this.growth(step, steps);
    assert(this.#used <= this.capacity, "KV cache grew over its capacity");
    this.#evict();
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

  /** What was free and has been taken may have been cached. */
  #evict(): void {
    this.#prefixes.trim(this.capacity - this.#used);
  }

  #phase(tokens: number, step: number): number {
    const size = this.blockTokens;
    return (((step - tokens) % size) + size) % size;
  }
}
