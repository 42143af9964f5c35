/**
 * Counts a stream's output tokens twice: as the upstream's usage says, and by what was seen to arrive. The upstream's word is
 * taken where it is possible at all; a stream without it, or broken off before it, is counted with the pool's tokenizer or
 * else chunk by chunk, as servers send one token a chunk unless their text is longer than a token ever is.
 */
import type { TokenCounter } from "../../token-count.ts";
import { isObject } from "./choices.ts";

/** A chunk up to this long is one token; English has 4 to 5 bytes a token, and few tokens are longer than this; assumed. */
const TOKEN_CHUNK_BYTES = 16;
const BYTES_PER_TOKEN = 4;

interface Usage {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
}

export class OutputCount {
  readonly #counter: TokenCounter;
  readonly #mostTokens: number;
  /** Chunks that held output: each is a token at least. */
  #chunks = 0;
  #estimatedTokens = 0;
  /** The text so far, where a tokenizer could count it. */
  #text = "";
  #usage: Usage | undefined;

  constructor(counter: TokenCounter, mostTokens: number) {
    this.#counter = counter;
    this.#mostTokens = mostTokens;
  }

  /** A chunk has brought `text` (all that a model wrote in it: content, reasoning, calls of tools). */
  add(text: string): void {
    this.#chunks += 1;
    const bytes = Buffer.byteLength(text);
    this.#estimatedTokens += bytes <= TOKEN_CHUNK_BYTES ? 1 : Math.ceil(bytes / BYTES_PER_TOKEN);
    if (this.#counter.hasTokenizer) this.#text += text;
  }

  /** The upstream's own count, so far or at the end. */
  take(usage: unknown): void {
    this.#usage = readUsage(usage) ?? this.#usage;
  }

  /** The prompt as the upstream counted it. */
  get counted(): { readonly promptTokens: number; readonly cachedTokens: number } | undefined {
    if (this.#usage === undefined) return undefined;
    const { promptTokens, cachedTokens } = this.#usage;
    return { promptTokens, cachedTokens };
  }

  /** The upstream's count contradicts what arrived. */
  get isContradicted(): boolean {
    if (this.#usage === undefined) return false;
    const { outputTokens } = this.#usage;
    return outputTokens * 2 < this.#chunks || outputTokens > this.#mostTokens;
  }

  get isEstimate(): boolean {
    return this.#usage === undefined || this.isContradicted;
  }

  /** Never more than was asked for, which is what was reserved. */
  get outputTokens(): number {
    const tokens = this.isEstimate ? this.#ownTokens() : this.#usage!.outputTokens;
    return Math.min(tokens, this.#mostTokens);
  }

  #ownTokens(): number {
    if (this.#text === "") return this.#estimatedTokens;
    return this.#counter.countText(this.#text).tokens;
  }
}

function readUsage(usage: unknown): Usage | undefined {
  if (!isObject(usage)) return undefined;
  const promptTokens = countOf(usage["prompt_tokens"]);
  const outputTokens = countOf(usage["completion_tokens"] ?? 0);
  if (promptTokens === undefined || outputTokens === undefined) return undefined;
  const details = usage["prompt_tokens_details"];
  const cached = isObject(details) ? countOf(details["cached_tokens"]) : undefined;
  return { promptTokens, cachedTokens: Math.min(cached ?? 0, promptTokens), outputTokens };
}

function countOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
