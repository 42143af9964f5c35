/**
 * What one client's prompts are made of: the system prompt that its requests share, and behind it something of their own,
 * which comes again where the client has only so many prompts. A conversation is one stream from its first prompt to its last output. Traces that name their blocks say themselves what
 * their prompts share.
 */
import type { PromptSegment, PromptSegments } from "../../replica/prefix-key.ts";
import type { ClientConfig, TraceConfig } from "../../scenario/scenario.ts";
import type { PromptStreams } from "./prompt-streams.ts";

/** Prompt tokens behind one hash of a Mooncake trace (FAST'25 release: blocks of 512). */
const TOKENS_PER_HASH = 512;

export class Prompts {
  readonly systemTokens: number;
  readonly #distinct: number;
  readonly #system: PromptSegment | undefined;
  readonly #ownFirst: number;
  readonly #traceFirst: number;
  #owned = 0;
  /** The prompts that come again, and which of them is next. */
  readonly #repeatedFirst: number;
  #next = 0;

  constructor(config: ClientConfig, streams: PromptStreams) {
    const { name, systemPrompt, arrivals } = config;
    this.#distinct = config.distinctPrompts;
    this.systemTokens = systemPrompt?.tokens ?? 0;
    this.#system = systemPrompt && {
      id: streams.first(`system ${systemPrompt.name}`),
      tokens: systemPrompt.tokens,
    };
    this.#ownFirst = streams.first(`client ${name}`);
    this.#repeatedFirst = streams.first(`prompts of ${name}`);
    this.#traceFirst =
      arrivals.kind === "trace" ? streams.first(`trace ${fileOf(arrivals.trace)}`) : 0;
  }

  /** A conversation, that begins with the system prompt and goes on like no other. */
  fresh(): PromptSegments {
    return this.#system === undefined ? [this.#own()] : [this.#system, this.#own()];
  }

  /** A prompt of this length; undefined where it begins like no other of this client. */
  single(promptTokens: number): PromptSegments | undefined {
    const system = this.#system && {
      id: this.#system.id,
      tokens: Math.min(this.#system.tokens, promptTokens),
    };
    if (this.#distinct !== Infinity) {
      const repeated = {
        id: this.#repeatedFirst + this.#next,
        tokens: promptTokens - (system?.tokens ?? 0),
      };
      this.#next = (this.#next + 1) % this.#distinct;
      return system === undefined ? [repeated, this.#own()] : [system, repeated, this.#own()];
    }
    return system && [system, this.#own()];
  }

  /** A prompt of a trace, whose length counts the system prompt; `hashes` name its blocks of TOKENS_PER_HASH. */
  traced(promptTokens: number, hashes: readonly number[] | undefined): PromptSegments | undefined {
    if (hashes === undefined) return this.single(promptTokens);
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
