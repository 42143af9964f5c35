/**
 * Prompts of a wanted length: words of three letters, each with the space behind it four bytes, which is one token by the
 * usual estimate of four bytes per token and near one for real tokenizers. Every prompt begins elsewhere in the same long
 * text, so that a server's prefix cache finds nothing that the workload did not mean.
 */
import { randomStream } from "../base/random.ts";

const BYTES_PER_TOKEN = 4;
/** A prime, so that starts step through the whole text; longer prompts repeat it. */
const WORDS = 65_521;
const START_STEP = 7919;
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const LETTERS_PER_WORD = 3;

export class PromptText {
  readonly #text: string;

  constructor(seed: number) {
    const random = randomStream(seed, "load/prompts");
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
    let start = ((number * START_STEP) % WORDS) * BYTES_PER_TOKEN;
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
