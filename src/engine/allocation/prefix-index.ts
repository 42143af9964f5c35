/**
 * The engine's own guess of what one replica's prefix cache holds, as routers make it: the prompts bound there lately and
 * the outputs they got, no more of them than its KV cache has blocks. It may be wrong either way, since replicas evict as
 * they please; what it promises is preferred, never relied on, and put right when a sequence joins.
 */
import type { PrefixKey } from "../../replica/prefix-key.ts";
import { PrefixTree } from "../../replica/prefix-tree.ts";
import type { PoolConfig } from "../config.ts";
import type { Request } from "../request.ts";

export class PrefixIndex {
  readonly #config: PoolConfig;
  /** Made when the first prompt with a prefix is bound. */
  #tree: PrefixTree | undefined;

  constructor(config: PoolConfig) {
    this.#config = config;
  }

  /** Tokens of the request's context that are probably cached; its last token is always computed. */
  likelyCached({ prefix, promptTokens, outputTokens }: Request<unknown>): number {
    if (prefix === undefined || this.#tree === undefined) return 0;
    const contextTokens = promptTokens + outputTokens;
    return this.#tree.find(prefix, contextTokens - 1).blocks * this.#config.blockTokens;
  }

  /** The request goes to the replica, which will compute its context. */
  bound({ prefix, promptTokens, outputTokens }: Request<unknown>): void {
    if (prefix !== undefined) this.#note(prefix, promptTokens + outputTokens);
  }

  /** A stay ended after this many output tokens; the last one is nobody's context yet. */
  left(request: Request<unknown>, outputTokens: number): void {
    if (request.prefix === undefined || outputTokens === 0) return;
    this.#note(request.prefix, request.promptTokens + request.outputTokens + outputTokens - 1);
  }

  /** The replica has lost its memory. */
  lost(): void {
    this.#tree = undefined;
  }

  #note(prefix: PrefixKey, tokens: number): void {
    const { prefixCaching, blockTokens, kvBlocks } = this.#config;
    if (!prefixCaching) return;
    this.#tree ??= new PrefixTree(blockTokens);
    const hold = this.#tree.hold(prefix, tokens);
    this.#tree.extend(hold, tokens);
    this.#tree.release(hold);
    this.#tree.trim(kvBlocks);
  }
}
