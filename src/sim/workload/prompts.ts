/**
 * What one client's prompts are made of: the system prompt that its requests share, and behind it something of their own. A
 * conversation is one stream from its first prompt to its last output. Traces that name their blocks say themselves what
 * their prompts share.
 */
import type { PromptSegment, PromptSegments } from "../../replica/prefix-key.ts";
import type { ClientConfig, TraceConfig } from "../../scenario/scenario.ts";
import type { PromptStreams } from "./prompt-streams.ts";

/** Prompt tokens behind one hash of a Mooncake trace (FAST'25 release: blocks of 512). */
const TOKENS_PER_HASH = 512;

export class Prompts {
  readonly systemTokens: number;
  readonly #system: PromptSegment | undefined;
  readonly #ownFirst: number;
  readonly #traceFirst: number;
  #owned = 0;

  constructor({ name, systemPrompt, arrivals }: ClientConfig, streams: PromptStreams) {
    this.systemTokens = systemPrompt?.tokens ?? 0;
    this.#system = systemPrompt && {
      id: streams.first(`system ${systemPrompt.name}`),
      tokens: systemPrompt.tokens,
    };
    this.#ownFirst = streams.first(`client ${name}`);
    this.#traceFirst =
      arrivals.kind === "trace" ? streams.first(`trace ${fileOf(arrivals.trace)}`) : 0;
  }

  /** A prompt, or a conversation, that begins with the system prompt and goes on like no other. */
  fresh(): PromptSegments {
    return this.#system === undefined ? [this.#own()] : [this.#system, this.#own()];
  }

  /** A request that begins like others of this client; undefined where none does. */
  single(): PromptSegments | undefined {
    return this.#system === undefined ? undefined : this.fresh();
  }

  /** A prompt of a trace, whose length counts the system prompt; `hashes` name its blocks of TOKENS_PER_HASH. */
  traced(promptTokens: number, hashes: readonly number[] | undefined): PromptSegments | undefined {
    if (hashes === undefined) {
      if (this.#system === undefined) return undefined;
      const { id, tokens } = this.#system;
      return [{ id, tokens: Math.min(tokens, promptTokens) }, this.#own()];
    }
    const segments: PromptSegment[] = [];
    let left = promptTokens;
    for (const hash of hashes) {
      if (left <= 0) break;
      segments.push({ id: this.#traceFirst + hash, tokens: Math.min(left, TOKENS_PER_HASH) });
      left -= TOKENS_PER_HASH;
    }
    return [...segments, this.#own()];
  }

  #own(): PromptSegment {
    return { id: this.#ownFirst + this.#owned++, tokens: Infinity };
  }
}

/** Clients that replay one file mean the same prompts by a hash. */
function fileOf({ path, format }: TraceConfig): string {
  return `${format} ${path}`;
}
