/**
 * Answers as OpenAI writes them: the chunks of a stream and the bodies of whole answers, as text. What is the same in every
 * chunk of a stream is written once, for a chunk is made for every token.
 */
import type { Request } from "../../engine/request.ts";
import type { Endpoint, Exchange, JsonObject, TokensSoFar } from "../exchange.ts";

export const DONE = "data: [DONE]\n\n";

/** What all parts of one answer have in common. */
export interface Identity {
  readonly endpoint: Endpoint;
  readonly id: string;
  readonly createdS: number;
  readonly model: string;
}

/** What was computed and is billed, over all choices: a prompt that ran n times counts n times. */
export function usageOf(requests: readonly Request<Exchange>[]): TokensSoFar {
  const usage = { promptTokens: 0, cachedTokens: 0, outputTokens: 0 };
  for (const { promptTokens, cachedTokens, outputTokens } of requests) {
    usage.promptTokens += promptTokens;
    usage.cachedTokens += Math.min(cachedTokens, promptTokens);
    usage.outputTokens += outputTokens;
  }
  return usage;
}

/** Chunks of one stream. `used` goes into a chunk where the client wants usage in every one. */
export class ChunkFormat {
  readonly #isChat: boolean;
  /** Up to the choices, and what follows them. */
  readonly #before: string;
  readonly #after: string;

  constructor(identity: Identity, includesUsage: boolean) {
    this.#isChat = identity.endpoint === "chat";
    this.#before = `data: ${opening(identity, "chat.completion.chunk")},"choices":[`;
    this.#after = includesUsage ? '],"usage":null}\n\n' : "]}\n\n";
  }

  text(index: number, text: string, used?: TokensSoFar): string {
    const content = JSON.stringify(text);
    const part = this.#isChat ? `"delta":{"content":${content}}` : `"text":${content}`;
    return this.#chunk(`{"index":${index},${part},"logprobs":null,"finish_reason":null}`, used);
  }

  /** What comes before the first text of a choice: in a chat, who speaks. */
  begin(index: number, used?: TokensSoFar): string {
    if (!this.#isChat) return "";
    const delta = '{"role":"assistant","content":""}';
    const choice = `{"index":${index},"delta":${delta},"logprobs":null,"finish_reason":null}`;
    return this.#chunk(choice, used && { ...used, outputTokens: 0 });
  }

  finish(index: number, reason: string, used?: TokensSoFar): string {
    const empty = this.#isChat ? '"delta":{}' : '"text":""';
    const ended = `"logprobs":null,"finish_reason":${JSON.stringify(reason)}`;
    return this.#chunk(`{"index":${index},${empty},${ended}}`, used);
  }

  /** An upstream's own. */
  choice(index: number, choice: JsonObject, used?: TokensSoFar): string {
    return this.#chunk(numbered(index, choice), used);
  }

  usage(usage: TokensSoFar): string {
    return this.#chunk("", usage);
  }

  #chunk(choice: string, used: TokensSoFar | undefined): string {
    const after = used === undefined ? this.#after : `],"usage":${usageJson(used)}}\n\n`;
    return this.#before + choice + after;
  }
}

/** A whole choice made of text. */
export function textChoice(
  endpoint: Endpoint,
  index: number,
  choice: { readonly text: string; readonly finishReason: string },
): string {
  const content = JSON.stringify(choice.text);
  const answer =
    endpoint === "chat"
      ? `"message":{"role":"assistant","content":${content},"refusal":null}`
      : `"text":${content}`;
  const reason = JSON.stringify(choice.finishReason);
  return `{"index":${index},${answer},"logprobs":null,"finish_reason":${reason}}`;
}

/** The choice under its index in the answer. */
export function numbered(index: number, choice: JsonObject): string {
  return JSON.stringify(choice["index"] === index ? choice : { ...choice, index });
}

export function wholeAnswer(
  identity: Identity,
  choices: readonly string[],
  usage: TokensSoFar,
): string {
  const start = opening(identity, "chat.completion");
  return `${start},"choices":[${choices.join(",")}],"usage":${usageJson(usage)}}`;
}

function opening({ endpoint, id, createdS, model }: Identity, chatObject: string): string {
  const isChat = endpoint === "chat";
  const prefix = isChat ? "chatcmpl" : "cmpl";
  const object = isChat ? chatObject : "text_completion";
  return `{"id":"${prefix}-${id}","object":"${object}","created":${createdS},"model":${JSON.stringify(model)}`;
}

function usageJson({ promptTokens, cachedTokens, outputTokens }: TokensSoFar): string {
  const total = promptTokens + outputTokens;
  return `{"prompt_tokens":${promptTokens},"completion_tokens":${outputTokens},"total_tokens":${total},"prompt_tokens_details":{"cached_tokens":${cachedTokens}}}`;
}
