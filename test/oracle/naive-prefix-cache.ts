/**
 * A prefix cache that knows every token and every block by itself: a block is the chain of all tokens up to its end, spelled
 * out; who uses it is a set; what goes first is looked for among all. Nothing of the tree of runs is in it.
 */
import type { PrefixKey } from "../../src/replica/prefix-key.ts";

interface Block {
  readonly depth: number;
  readonly users: Set<object>;
  /** Which release left it without users: earlier ones go first. */
  leftAt: number;
}

export class NaivePrefixCache {
  readonly #blockTokens: number;
  readonly #blocks = new Map<number, Block>();
  /** Numbers of chains: a chain is the number of the one before it, and the tokens of its last block. */
  readonly #chains = new Map<string, number>();
  /** Counted afresh after every change. */
  #usedBlocks: number | undefined;
  #releases = 0;
  evicted = 0;

  constructor(blockTokens: number) {
    this.#blockTokens = blockTokens;
  }

  get usedBlocks(): number {
    this.#usedBlocks ??= [...this.#blocks.values()].filter(({ users }) => users.size > 0).length;
    return this.#usedBlocks;
  }

  /** Chains cached of the full blocks of the first `tokens` tokens. */
  cached(prefix: PrefixKey, tokens: number): number[] {
    const chains = this.#chainsOf(prefix, tokens);
    const missing = chains.findIndex((chain) => !this.#blocks.has(chain));
    return missing === -1 ? chains : chains.slice(0, missing);
  }

  isUsed(chain: number): boolean {
    return this.#blocks.get(chain)!.users.size > 0;
  }

  use(user: object, chains: readonly number[]): void {
    for (const chain of chains) this.#blocks.get(chain)!.users.add(user);
    this.#usedBlocks = undefined;
  }

  /** The user has computed its first `tokens` tokens; returns the chains it now shares. */
  compute(user: object, prefix: PrefixKey, tokens: number): number[] {
    const chains = this.#chainsOf(prefix, tokens);
    for (const [depth, chain] of chains.entries()) {
      if (!this.#blocks.has(chain)) {
        this.#blocks.set(chain, { depth, users: new Set(), leftAt: 0 });
      }
    }
    this.use(user, chains);
    return chains;
  }

  release(user: object): void {
    this.#releases += 1;
    this.#usedBlocks = undefined;
    for (const block of this.#blocks.values()) {
      if (block.users.delete(user) && block.users.size === 0) block.leftAt = this.#releases;
    }
  }

  /** Evicts until at most `blocks` are cached without users. */
  evictTo(blocks: number): void {
    while (this.#blocks.size - this.usedBlocks > blocks) {
      const idle = [...this.#blocks].filter(([, { users }]) => users.size === 0);
      idle.sort(([, a], [, b]) => a.leftAt - b.leftAt || b.depth - a.depth);
      this.#blocks.delete(idle[0]![0]);
      this.evicted += 1;
    }
  }

  clear(): void {
    this.#blocks.clear();
    this.#usedBlocks = undefined;
  }

  #chainsOf({ salt, segments }: PrefixKey, tokens: number): number[] {
    const spelled: string[] = [];
    for (const { id, tokens: length } of segments) {
      for (let at = 0; at < length && spelled.length < tokens; at++) spelled.push(`${id}.${at}`);
    }
    const chains: number[] = [];
    let before = `salt ${salt}`;
    for (let end = this.#blockTokens; end <= tokens; end += this.#blockTokens) {
      const chain = `${before} ${spelled.slice(end - this.#blockTokens, end).join(" ")}`;
      if (!this.#chains.has(chain)) this.#chains.set(chain, this.#chains.size);
      chains.push(this.#chains.get(chain)!);
      before = `after ${chains.at(-1)}`;
    }
    return chains;
  }
}
