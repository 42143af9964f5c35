/**
 * Which full blocks of prompts and outputs are cached, who holds them, and which go first when room is needed: what vLLM's
 * automatic prefix caching keeps block by block, as a tree of runs of blocks (as in SGLang's RadixAttention), so that a prompt costs
 * as many operations as it has runs. Whoever holds a block holds all before it. Blocks that nobody holds are evicted in
 * the order in which they were let go, of those let go together the deepest first; so no block outlives one before it.
 */
import { assert } from "../base/assert.ts";
import { type PrefixKey, type PromptSegments, commonTokens, contentName } from "./prefix-key.ts";

/** A run of blocks: the tokens of `segments` from block `first` on. A root has none. */
class Run {
  parent: Run | undefined;
  /** By the content of their first block. */
  readonly children = new Map<string, Run>();
  readonly segments: PromptSegments;
  first: number;
  blocks: number;
  /** How many hold all of it. */
  holders = 0;
  /** Neighbours in the order of eviction, while nobody holds it. */
  earlier: Run | undefined;
  later: Run | undefined;

  constructor(parent: Run | undefined, segments: PromptSegments, first: number, blocks: number) {
    this.parent = parent;
    this.segments = segments;
    this.first = first;
    this.blocks = blocks;
  }

  get end(): number {
    return this.first + this.blocks;
  }
}

/** A sequence's grip on the first `blocks` blocks of its prompt and output, which cannot be evicted. */
export class PrefixHold {
  readonly segments: PromptSegments;
  /** The last run it holds; it holds all of every run up to here. */
  run: Run;

  constructor(segments: PromptSegments, root: Run) {
    this.segments = segments;
    this.run = root;
  }

  get blocks(): number {
    return this.run.end;
  }
}

/** What is cached of a prompt's beginning, and how much of that somebody holds. Blocks. */
interface Found {
  readonly blocks: number;
  readonly heldBlocks: number;
}

const NOTHING: Found = { blocks: 0, heldBlocks: 0 };

export class PrefixTree {
  /** Cached blocks that somebody holds, each counted once; and those that nobody does. */
  heldBlocks = 0;
  idleBlocks = 0;
  readonly #blockTokens: number;
  readonly #roots = new Map<number, Run>();
  /** Ends of the order of eviction. */
  #nextOut: Run | undefined;
  #lastOut: Run | undefined;

  constructor(blockTokens: number) {
    this.#blockTokens = blockTokens;
  }

  /** What is cached of the full blocks among the first `tokens` tokens. Changes nothing. */
  find({ salt, segments }: PrefixKey, tokens: number): Found {
    let run = this.#roots.get(salt);
    if (run === undefined) return NOTHING;
    const wanted = this.#fullBlocks(tokens);
    let blocks = 0;
    let heldBlocks = 0;
    while (blocks < wanted) {
      const next = this.#childOf(run, segments);
      if (next === undefined) break;
      const found = Math.min(wanted, this.#agreedEnd(next, segments)) - blocks;
      blocks += found;
      if (next.holders > 0) heldBlocks += found;
      if (blocks < next.end) break;
      run = next;
    }
    return { blocks, heldBlocks };
  }

  /** Holds what is cached of the full blocks among the first `tokens` tokens. */
  hold({ salt, segments }: PrefixKey, tokens: number): PrefixHold {
    let root = this.#roots.get(salt);
    if (root === undefined) {
      root = new Run(undefined, segments, 0, 0);
      this.#roots.set(salt, root);
    }
    const hold = new PrefixHold(segments, root);
    root.holders += 1;
    this.#descend(hold, this.#fullBlocks(tokens));
    return hold;
  }

  /** The first `tokens` tokens are computed: their full blocks are cached, and held. Those cached already are shared. */
  extend(hold: PrefixHold, tokens: number): void {
    const wanted = this.#fullBlocks(tokens);
    this.#descend(hold, wanted);
    const more = wanted - hold.blocks;
    if (more <= 0) return;
    const { run, segments } = hold;
    if (run.holders === 1 && run.segments === segments && run.children.size === 0 && run.blocks > 0)
      run.blocks += more;
    else hold.run = this.#addChild(run, segments, more);
    this.heldBlocks += more;
  }

  /** The hold is given up: its blocks stay cached until their room is needed. */
  release(hold: PrefixHold): void {
    let run: Run | undefined = hold.run;
    for (; run !== undefined; run = run.parent) {
      run.holders -= 1;
      assert(run.holders >= 0, "a cached prefix released twice");
      if (run.holders > 0 || run.parent === undefined) continue;
      this.heldBlocks -= run.blocks;
      this.idleBlocks += run.blocks;
      this.#queueAfter(this.#lastOut, run);
    }
  }

  /** Evicts blocks that nobody holds until at most `blocks` of them are left. */
  trim(blocks: number): void {
    while (this.idleBlocks > blocks) {
      const run = this.#nextOut!;
      assert(run.children.size === 0, "a cached block would outlive one before it");
      const evicted = Math.min(run.blocks, this.idleBlocks - blocks);
      this.idleBlocks -= evicted;
      if (evicted === run.blocks) this.#remove(run);
      else run.blocks -= evicted;
    }
  }

  /** Everything cached is lost. Nobody holds anything. */
  clear(): void {
    assert(this.heldBlocks === 0, "a prefix cache cleared while in use");
    this.#roots.clear();
    this.idleBlocks = 0;
    this.#nextOut = this.#lastOut = undefined;
  }

  /** Moves a hold down to what is cached of the first `wanted` blocks. */
  #descend(hold: PrefixHold, wanted: number): void {
    while (hold.blocks < wanted) {
      const next = this.#childOf(hold.run, hold.segments);
      if (next === undefined) return;
      const agreed = Math.min(wanted, this.#agreedEnd(next, hold.segments));
      assert(agreed > hold.blocks, "blocks of one name have different tokens");
      const held = agreed < next.end ? this.#split(next, agreed) : next;
      if (held.holders === 0) {
        this.#unqueue(held);
        this.idleBlocks -= held.blocks;
        this.heldBlocks += held.blocks;
      }
      held.holders += 1;
      hold.run = held;
    }
  }

  /** The run after `run` that begins with the same block as `segments` does there. */
  #childOf(run: Run, segments: PromptSegments): Run | undefined {
    if (run.children.size === 0) return undefined;
    return run.children.get(this.#nameAt(segments, run.end));
  }

  /** Up to which block the run's tokens are those of `segments`. */
  #agreedEnd(run: Run, segments: PromptSegments): number {
    return Math.min(run.end, this.#fullBlocks(commonTokens(run.segments, segments)));
  }

  /** Makes two of a run; returns the part before block `at`. Those who hold the run hold both, and still point to its end. */
  #split(run: Run, at: number): Run {
    const parent = run.parent!;
    const before = new Run(parent, run.segments, run.first, at - run.first);
    before.holders = run.holders;
    parent.children.set(this.#nameAt(run.segments, run.first), before);
    run.parent = before;
    run.blocks = run.end - at;
    run.first = at;
    before.children.set(this.#nameAt(run.segments, at), run);
    if (run.holders === 0) this.#queueAfter(run, before);
    return before;
  }

  #addChild(parent: Run, segments: PromptSegments, blocks: number): Run {
    const run = new Run(parent, segments, parent.end, blocks);
    run.holders = 1;
    parent.children.set(this.#nameAt(segments, run.first), run);
    return run;
  }

  #remove(run: Run): void {
    this.#unqueue(run);
    run.parent!.children.delete(this.#nameAt(run.segments, run.first));
  }

  #queueAfter(earlier: Run | undefined, run: Run): void {
    const later = earlier === undefined ? this.#nextOut : earlier.later;
    run.earlier = earlier;
    run.later = later;
    if (earlier === undefined) this.#nextOut = run;
    else earlier.later = run;
    if (later === undefined) this.#lastOut = run;
    else later.earlier = run;
  }

  #unqueue(run: Run): void {
    const { earlier, later } = run;
    if (earlier === undefined) this.#nextOut = later;
    else earlier.later = later;
    if (later === undefined) this.#lastOut = earlier;
    else later.earlier = earlier;
    run.earlier = run.later = undefined;
  }

  #nameAt(segments: PromptSegments, block: number): string {
    return contentName(segments, block * this.#blockTokens, (block + 1) * this.#blockTokens);
  }

  #fullBlocks(tokens: number): number {
    return Math.floor(tokens / this.#blockTokens);
  }
}
