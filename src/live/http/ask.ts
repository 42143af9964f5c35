/**
 * Turns a body into what is asked for: whose it is, which pool and adapter, one body and one prompt length per choice. Says
 * precisely what is wrong with a body that asks for nothing that can be done; changes nothing and admits nothing.
 */
import { assert } from "../../base/assert.ts";
import type { Endpoint, JsonObject } from "../exchange.ts";
import { type ApiError, apiError, modelNotFound } from "./errors.ts";
import { MOST_CHOICES, bodyError, isObject, isTokens } from "./body-rules.ts";
import type { ModelDirectory, Target } from "./model-directory.ts";

/** Tokens of a body's prompt, by the tokenizer of the pool that would run it. */
export type CountPrompt = (
  pool: number,
  endpoint: Endpoint,
  body: JsonObject,
) => { readonly tokens: number; readonly isEstimate: boolean };

/** One sequence to compute. */
export interface AskedChoice {
  readonly body: JsonObject;
  readonly promptTokens: number;
}

export interface Ask {
  readonly endpoint: Endpoint;
  readonly tenant: number;
  /** As the client named it; answers repeat it. */
  readonly model: string;
  readonly target: Target;
  readonly choices: readonly AskedChoice[];
  readonly maxOutputTokens: number | undefined;
  readonly isStreaming: boolean;
  /** A last chunk tells the usage. */
  readonly includesUsage: boolean;
  /** So does every other chunk, of its choice and up to there. */
  readonly includesRunningUsage: boolean;
  readonly stops: readonly string[];
}

export type Asked =
  | { readonly kind: "asked"; readonly ask: Ask }
  | { readonly kind: "refused"; readonly error: ApiError };

interface AskContext {
  readonly directory: ModelDirectory;
  readonly countPrompt: CountPrompt;
}

export function readAsk(
  endpoint: Endpoint,
  tenant: number,
  body: unknown,
  { directory, countPrompt }: AskContext,
): Asked {
  if (!isObject(body)) {
    return refused(apiError("badType", { message: "The body must be a JSON object." }));
  }
  const error = bodyError(endpoint, body);
  if (error !== undefined) return refused(error);
  const { model } = body;
  assert(typeof model === "string", "a body without a model has passed");
  const target = directory.targetsOf(tenant).get(model);
  if (target === undefined) return refused(modelNotFound(model));
  const choices = choicesOf(
    endpoint,
    body,
    (one) => countPrompt(target.pool, endpoint, one).tokens,
  );
  if (choices.length > MOST_CHOICES) {
    const message = `Several prompts times n may be at most ${MOST_CHOICES} choices, got ${choices.length}.`;
    return refused(apiError("badValue", { message, param: "prompt" }));
  }
  const isStreaming = endpoint !== "embedding" && body["stream"] === true;
  const { stream_options: options } = body;
  const includesUsage = isStreaming && isObject(options) && options["include_usage"] === true;
  return {
    kind: "asked",
    ask: {
      endpoint,
      tenant,
      model,
      target,
      choices,
      maxOutputTokens: maxOutputTokensOf(endpoint, body),
      isStreaming,
      includesUsage,
      includesRunningUsage: includesUsage && options["continuous_usage_stats"] === true,
      stops: stopsOf(body["stop"]),
    },
  };
}

function refused(error: ApiError): Asked {
  return { kind: "refused", error };
}

/** `n` choices for each prompt, in the order of the prompts. */
function choicesOf(
  endpoint: Endpoint,
  body: JsonObject,
  count: (body: JsonObject) => number,
): AskedChoice[] {
  const n = endpoint === "embedding" || typeof body["n"] !== "number" ? 1 : body["n"];
  const choices: AskedChoice[] = [];
  for (const one of endpoint === "completion" ? withSinglePrompts(body) : [body]) {
    const choice = { body: one, promptTokens: count(one) };
    for (let index = 0; index < n && choices.length <= MOST_CHOICES; index++) choices.push(choice);
  }
  return choices;
}

/** The body once per prompt, where it holds several. */
function withSinglePrompts(body: JsonObject): readonly JsonObject[] {
  const { prompt } = body;
  if (!Array.isArray(prompt) || isTokens(prompt)) return [body];
  const prompts: readonly unknown[] = prompt.slice(0, MOST_CHOICES + 1);
  return prompts.map((one) => ({ ...body, prompt: one }));
}

function maxOutputTokensOf(endpoint: Endpoint, body: JsonObject): number | undefined {
  if (endpoint === "embedding") return 1;
  const asked = (endpoint === "chat" ? body["max_completion_tokens"] : null) ?? body["max_tokens"];
  return typeof asked === "number" ? asked : undefined;
}

function stopsOf(stop: unknown): readonly string[] {
  if (typeof stop === "string") return [stop];
  return Array.isArray(stop) ? stop.filter((one) => typeof one === "string") : [];
}
