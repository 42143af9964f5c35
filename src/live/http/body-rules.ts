/**
 * What the fields of OpenAI's request bodies must look like, as far as this server reads them or they would make an upstream
 * fail in its own words. Fields that are not named here pass as they are. Each rule says what it expects, so that a
 * refusal names the field, what was wanted and what came.
 */
import type { Endpoint, JsonObject } from "../exchange.ts";
import { type ApiError, apiError } from "./errors.ts";

/** Choices that one request may ask for. */
export const MOST_CHOICES = 16;
/** OpenAI takes 4; some servers more. */
const MOST_STOPS = 16;
/** Inputs of one embeddings request: OpenAI's limit. */
const MOST_INPUTS = 2048;

interface Rule {
  readonly field: string;
  readonly expected: string;
  readonly isRequired?: boolean;
  /** "type": not even of the right type; "value": of the right type, and not allowed. */
  check(value: unknown): "ok" | "type" | "value";
}

/** The first thing that is wrong with a body; undefined when nothing is. */
export function bodyError(endpoint: Endpoint, body: JsonObject): ApiError | undefined {
  for (const rule of RULES[endpoint]) {
    const value = body[rule.field];
    if (value === undefined || value === null) {
      if (rule.isRequired !== true) continue;
      return apiError("missing", {
        message: `Missing required parameter: '${rule.field}'.`,
        param: rule.field,
      });
    }
    const verdict = rule.check(value);
    if (verdict !== "ok") return wrong(verdict, rule.field, rule.expected, value);
  }
  return endpoint === "chat" ? messagesError(body["messages"]) : undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrong(
  verdict: "type" | "value",
  param: string,
  ...[expected, value]: [expected: string, value: unknown]
): ApiError {
  const what = verdict === "type" ? "type" : "value";
  const message = `Invalid ${what} for '${param}': expected ${expected}, got ${shown(value)}.`;
  return apiError(verdict === "type" ? "badType" : "badValue", { message, param });
}

function shown(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : "an array";
  if (typeof value === "string") {
    return value.length > 40 ? "a string" : JSON.stringify(value);
  }
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return value === undefined ? "nothing" : "an object";
}

function flag(field: string): Rule {
  return {
    field,
    expected: "true or false",
    check: (value) => (typeof value === "boolean" ? "ok" : "type"),
  };
}

function text(field: string, isRequired = false): Rule {
  return {
    field,
    expected: "a string that is not empty",
    isRequired,
    check: (value) => (typeof value !== "string" ? "type" : value === "" ? "value" : "ok"),
  };
}

function within(field: string, least: number, most: number): Rule {
  return {
    field,
    expected: `a number from ${least} to ${most}`,
    check: (value) =>
      typeof value !== "number" ? "type" : value >= least && value <= most ? "ok" : "value",
  };
}

function whole(field: string, least: number, most = Number.MAX_SAFE_INTEGER): Rule {
  const range =
    most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  return {
    field,
    expected: `an integer ${range}`,
    check(value) {
      if (typeof value !== "number") return "type";
      return Number.isInteger(value) && value >= least && value <= most ? "ok" : "value";
    },
  };
}

function object(field: string): Rule {
  return { field, expected: "an object", check: (value) => (isObject(value) ? "ok" : "type") };
}

const STOP: Rule = {
  field: "stop",
  expected: `a string or an array of at most ${MOST_STOPS} strings, none of them empty`,
  check(value) {
    if (value === "") return "value";
    if (typeof value === "string") return "ok";
    if (!Array.isArray(value)) return "type";
    if (!value.every((stop) => typeof stop === "string")) return "type";
    return value.length <= MOST_STOPS && !value.includes("") ? "ok" : "value";
  },
};

const SAMPLING: readonly Rule[] = [
  text("model", true),
  flag("stream"),
  {
    field: "stream_options",
    expected: "an object whose include_usage and continuous_usage_stats are true or false",
    check(value) {
      if (!isObject(value)) return "type";
      const flags = [value["include_usage"], value["continuous_usage_stats"]];
      return flags.every((one) => ["boolean", "undefined"].includes(typeof one)) ? "ok" : "type";
    },
  },
  whole("n", 1, MOST_CHOICES),
  whole("max_tokens", 1),
  STOP,
  within("temperature", 0, 2),
  within("top_p", 0, 1),
  within("presence_penalty", -2, 2),
  within("frequency_penalty", -2, 2),
  whole("seed", -Number.MAX_SAFE_INTEGER),
  object("logit_bias"),
];

const RULES: Readonly<Record<Endpoint, readonly Rule[]>> = {
  chat: [
    ...SAMPLING,
    whole("max_completion_tokens", 1),
    flag("logprobs"),
    whole("top_logprobs", 0, 20),
    {
      field: "tools",
      expected: "an array of objects",
      check: (value) => (Array.isArray(value) && value.every(isObject) ? "ok" : "type"),
    },
    {
      field: "tool_choice",
      expected: "a string or an object",
      check: (value) => (typeof value === "string" || isObject(value) ? "ok" : "type"),
    },
    flag("parallel_tool_calls"),
    {
      field: "response_format",
      expected: "an object with a string as its type",
      check: (value) => (isObject(value) && typeof value["type"] === "string" ? "ok" : "type"),
    },
    {
      field: "messages",
      expected: "an array of at least one message",
      isRequired: true,
      check: (value) => (!Array.isArray(value) ? "type" : value.length === 0 ? "value" : "ok"),
    },
  ],
  completion: [
    ...SAMPLING,
    whole("logprobs", 0, 20),
    flag("echo"),
    whole("best_of", 1, 1),
    {
      field: "prompt",
      expected: "a string, an array of strings, an array of tokens or an array of these",
      isRequired: true,
      check: promptVerdict,
    },
  ],
  embedding: [
    text("model", true),
    whole("dimensions", 1),
    {
      field: "encoding_format",
      expected: '"float" or "base64"',
      check(value) {
        if (typeof value !== "string") return "type";
        return value === "float" || value === "base64" ? "ok" : "value";
      },
    },
    {
      field: "input",
      expected: `a string, an array of tokens, or an array of at most ${MOST_INPUTS} of these`,
      isRequired: true,
      check: inputVerdict,
    },
  ],
};

/** A prompt may be text or tokens, one or several. */
function promptVerdict(value: unknown): "ok" | "type" | "value" {
  if (typeof value === "string") return "ok";
  if (!Array.isArray(value)) return "type";
  if (value.length === 0) return "value";
  const isText = value.every((part) => typeof part === "string");
  const isOk = isText || isTokens(value) || value.every(isTokens);
  return isOk ? "ok" : "type";
}

function inputVerdict(value: unknown): "ok" | "type" | "value" {
  const verdict = value === "" ? "value" : promptVerdict(value);
  if (verdict !== "ok" || !Array.isArray(value) || isTokens(value)) return verdict;
  return value.length <= MOST_INPUTS ? "ok" : "value";
}

/** One prompt as the numbers of its tokens. */
export function isTokens(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  return value.every((token) => Number.isInteger(token) && token >= 0);
}

/** Messages have a role, and a content of text, of typed parts, or none. */
function messagesError(messages: unknown): ApiError | undefined {
  if (!Array.isArray(messages)) return undefined;
  for (const [index, message] of (messages satisfies unknown[]).entries()) {
    const place = `messages[${index}]`;
    if (!isObject(message)) return wrong("type", place, "an object", message);
    const { role, content } = message;
    if (typeof role !== "string" || role === "") {
      return wrong("type", `${place}.role`, "a role such as 'user'", role);
    }
    if (typeof content === "string" || content === undefined || content === null) continue;
    const isParts =
      Array.isArray(content) &&
      content.every((part) => isObject(part) && typeof part["type"] === "string");
    if (isParts) continue;
    const expected = "a string or an array of objects with a type";
    return wrong("type", `${place}.content`, expected, content);
  }
  return undefined;
}
