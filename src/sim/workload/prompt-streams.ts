/**
 * Numbers for the streams of tokens that prompts are made of: equal where the tokens are the same, different everywhere
 * else. A name stands for a range of numbers, so that a client's conversations or a trace's hashes need no list.
 */
import { assert } from "../../base/assert.ts";

/** Numbers under one name: 36 bits, which leaves 17 bits of names below 2^53. */
export const STREAMS_PER_NAME = 68_719_476_736;
const MOST_NAMES = 131_072;

export class PromptStreams {
  readonly #names = new Map<string, number>();

  /** The first of the name's STREAMS_PER_NAME numbers. */
  first(name: string): number {
    let index = this.#names.get(name);
    if (index === undefined) {
      index = this.#names.size;
      assert(index < MOST_NAMES, "more names of prompts than numbers");
      this.#names.set(name, index);
    }
    return index * STREAMS_PER_NAME;
  }
}
