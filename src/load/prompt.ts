/**
 * Prompts of a wanted length: words of three letters, each with the space behind it four bytes, which is one token by the
 * usual estimate of four bytes per token and near one for real tokenizers. Every prompt begins elsewhere in the same long
 * text, so that a server's prefix cache finds nothing that the workload did not mean; where the workload says what prompts
 * have in common, the same tokens are the same words.
 */
import { randomStream } from "../base/random.ts";
import type { PromptSegments } from "../replica/prefix-key.ts";

const BYTES_PER_TOKEN = 4;
/** A prime, so that starts step through the whole text; longer prompts repeat it. */
const WORDS = 65_521;
const START_STEP = 7919;
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const LETTERS_PER_WORD = 3;

export class PromptText {
  readonly #text: string;

  /** Texts of different purposes have nothing in common. */
  constructor(seed: number, purpose: "prompts" | "segments" = "prompts") {
    const random = randomStream(seed, `load/${purpose}`);
    let text = "";
    for (let word = 0; word < WORDS; word++) {
      for (let letter = 0; letter < LETTERS_PER_WORD; letter++) {
        text += LETTERS.charAt(Math.floor(random() * LETTERS.length));
      }
      text += " ";
    }
    this.#text = text;
  }

  /** The prompt of the `number`-th request, `tokens` long. Plain ASCII that JSON need not escape. */
  take(number: number, tokens: number): string {
    return this.#words(number, tokens);
  }

  /** The first `tokens` tokens of a prompt made of these segments; each stream of tokens has a text of its own. */
  takeSegments(segments: PromptSegments, tokens: number): string {
    let prompt = "";
    let left = tokens;
    for (const { id, tokens: length } of segments) {
      const taken = Math.min(left, length);
      prompt += this.#words(id, taken);
      left -= taken;
    }
    return prompt;
  }

  #words(place: number, tokens: number): string {
    let start = (((place % WORDS) * START_STEP) % WORDS) * BYTES_PER_TOKEN;
    let wanted = tokens * BYTES_PER_TOKEN;
    let prompt = "";
    while (wanted > 0) {
      const part = this.#text.slice(start, start + wanted);
      prompt += part;
      wanted -= part.length;
      start = 0;
    }
    return prompt;
  }
}
