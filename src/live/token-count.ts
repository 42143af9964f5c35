/**
 * Counts the tokens of a prompt before it is admitted: with the model's own tokenizer.json where the pool has one, else by
 * length. Either is a forecast that an upstream's own count replaces: a chat's template adds tokens that only the
 * server knows of, and pictures are counted as a constant.
 */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import type { Endpoint, JsonObject } from "./exchange.ts";

/** UTF-8 bytes of a token: what English text has under the vocabularies of Llama 3 and GPT-4; others have fewer. */
const BYTES_PER_TOKEN = 4;
/** What a chat's template puts around a message (role and marks, ChatML and Llama 3 alike). */
const TOKENS_PER_MESSAGE = 4;
/** A picture, a recording or a file: OpenAI's figure for a picture of 1024 x 1024 in high detail. */
const TOKENS_PER_ATTACHMENT = 765;
/** Text is tokenized up to here, and the rest counted in proportion: tokenizing 1 MB keeps everyone waiting. */
const MOST_TOKENIZED_CHARS = 64 * 1024;

export interface TokenCount {
  readonly tokens: number;
  readonly isEstimate: boolean;
}

/** What is used of a tokenizer. */
interface TextTokenizer {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: readonly number[] };
}

export class TokenCounter {
  readonly #tokenizer: TextTokenizer | undefined;

  /** Without a tokenizer everything is estimated by its length. */
  constructor(tokenizer?: TextTokenizer) {
    this.#tokenizer = tokenizer;
  }

  get hasTokenizer(): boolean {
    return this.#tokenizer !== undefined;
  }

  /** Text as a model writes it, without special tokens. */
  countText(text: string): TokenCount {
    const tokenizer = this.#tokenizer;
    if (tokenizer === undefined) {
      return { tokens: Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN), isEstimate: true };
    }
    const sample = text.slice(0, MOST_TOKENIZED_CHARS);
    const { ids } = tokenizer.encode(sample, { add_special_tokens: false });
    const isWhole = sample.length === text.length;
    const tokens = isWhole ? ids.length : Math.ceil((ids.length * text.length) / sample.length);
    return { tokens, isEstimate: !isWhole };
  }

  /** The prompt of a request's body; whatever is malformed in it counts nothing. */
  countPrompt(endpoint: Endpoint, body: JsonObject): TokenCount {
    const parts = new PromptParts();
    if (endpoint === "chat") parts.addChat(body);
    else parts.addPrompt(endpoint === "completion" ? body["prompt"] : body["input"]);
    const { tokens, isEstimate } = this.#countTexts(parts.texts);
    const template = this.hasTokenizer ? parts.messages * TOKENS_PER_MESSAGE : 0;
    const attached = parts.attachments * TOKENS_PER_ATTACHMENT;
    return {
      tokens: Math.max(1, tokens + template + attached + parts.tokenIds),
      isEstimate: isEstimate || parts.messages > 0,
    };
  }

  #countTexts(texts: readonly string[]): TokenCount {
    if (this.hasTokenizer) {
      const counts = texts.map((text) => this.countText(text));
      const tokens = counts.reduce((sum, count) => sum + count.tokens, 0);
      return { tokens, isEstimate: counts.some(({ isEstimate }) => isEstimate) };
    }
    const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    return { tokens: Math.ceil(bytes / BYTES_PER_TOKEN), isEstimate: texts.length > 0 };
  }
}

/** Reads a tokenizer.json, and the tokenizer_config.json beside it where there is one. */
export async function loadTokenCounter(path: string): Promise<TokenCounter> {
  const tokenizer = await readJson(path);
  const config = await readJson(join(dirname(path), "tokenizer_config.json")).catch(() => ({}));
  try {
    const counter = new TokenCounter(new Tokenizer(tokenizer, config));
    counter.countText("A first text shows whether it works.");
    return counter;
  } catch (error) {
    throw new Error(
      `${path}: expected a tokenizer.json of Hugging Face's tokenizers; leave it out to estimate prompts by length`,
      { cause: error },
    );
  }
}

async function readJson(path: string): Promise<object> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw new Error(`${path}: cannot be read; expected a tokenizer.json`, { cause: error });
  });
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch (error) {
    throw new Error(`${path}: is not JSON; expected a tokenizer.json`, { cause: error });
  }
  throw new Error(`${path}: expected a JSON object as tokenizer.json files hold`);
}

/** Everything in a body that becomes tokens. */
class PromptParts {
  readonly texts: string[] = [];
  messages = 0;
  attachments = 0;
  /** Tokens sent as numbers. */
  tokenIds = 0;

  addChat(body: JsonObject): void {
    const { messages } = body;
    for (const message of Array.isArray(messages) ? (messages as unknown[]) : []) {
      if (isObject(message)) this.#addMessage(message);
    }
    this.#addJson(body["tools"]);
    this.#addJson(body["functions"]);
  }

  /** A text, a list of texts, tokens, or a list of lists of tokens: nothing is nested deeper. */
  addPrompt(prompt: unknown): void {
    for (const entry of Array.isArray(prompt) ? (prompt as unknown[]) : [prompt]) {
      for (const part of Array.isArray(entry) ? (entry as unknown[]) : [entry]) {
        if (typeof part === "number") this.tokenIds += 1;
        else this.#addText(part);
      }
    }
  }

  #addMessage(message: JsonObject): void {
    this.messages += 1;
    this.#addText(message["name"]);
    this.#addContent(message["content"]);
    this.#addJson(message["tool_calls"]);
  }

  #addContent(content: unknown): void {
    this.#addText(content);
    if (!Array.isArray(content)) return;
    for (const part of content as unknown[]) {
      if (!isObject(part)) continue;
      if (typeof part["text"] === "string") this.#addText(part["text"]);
      else this.attachments += 1;
    }
  }

  #addText(text: unknown): void {
    if (typeof text === "string") this.texts.push(text);
  }

  #addJson(value: unknown): void {
    if (value === undefined || value === null) return;
    try {
      this.texts.push(JSON.stringify(value));
    } catch {
      // Nested deeper than can be written: no server will take it either.
    }
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
