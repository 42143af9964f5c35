/**
 * An upstream's record of a choice: whether a chunk of it holds output, and the chunks of a stream put together into the
 * whole choice that a client without a stream is answered with. What is not known by name is kept as it came last.
 */
import type { Endpoint, JsonObject } from "../../exchange.ts";

/** Fields of a delta that hold what a model wrote. */
const TEXTS = ["content", "reasoning_content", "reasoning", "refusal"] as const;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** All that the model wrote in this part of a choice; "" for a role, an empty delta or a bare end. */
export function textOf(choice: JsonObject): string {
  const { text } = choice;
  if (typeof text === "string") return text;
  const delta = choice["delta"] ?? choice["message"];
  if (!isObject(delta)) return "";
  let all = "";
  for (const name of TEXTS) {
    const part = delta[name];
    if (typeof part === "string") all += part;
  }
  return all + callsText(delta["tool_calls"]) + callText(delta["function_call"]);
}

function callsText(calls: unknown): string {
  if (!Array.isArray(calls)) return "";
  return calls.map((call) => (isObject(call) ? callText(call["function"]) : "")).join("");
}

function callText(called: unknown): string {
  if (!isObject(called)) return "";
  const { name, arguments: given } = called;
  return (typeof name === "string" ? name : "") + (typeof given === "string" ? given : "");
}

/** A whole choice as a stream would have brought it: for a client that streams from a server that did not. */
export function asChunk(choice: JsonObject): JsonObject {
  const { message, ...rest } = choice;
  if (!isObject(message)) return choice;
  const calls = message["tool_calls"];
  if (!Array.isArray(calls)) return { ...rest, delta: message };
  const numbered = calls.map((call: unknown, index) =>
    isObject(call) ? { index, ...call } : call,
  );
  return { ...rest, delta: { ...message, tool_calls: numbered } };
}

/** Puts the chunks of one choice together. */
export class WholeChoice {
  readonly #endpoint: Endpoint;
  readonly #choice: Record<string, unknown> = {};
  readonly #message: Record<string, unknown> = {};
  readonly #calls: JsonObject[] = [];

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  add(chunk: JsonObject): void {
    for (const [name, value] of Object.entries(chunk)) {
      if (name === "delta" && isObject(value)) this.#addDelta(value);
      else if (name === "text") this.#choice["text"] = joined(this.#choice["text"], value);
      else if (name === "logprobs")
        this.#choice["logprobs"] = merged(this.#choice["logprobs"], value);
      else if (value !== null || !(name in this.#choice)) this.#choice[name] = value;
    }
  }

  get choice(): JsonObject {
    if (this.#endpoint !== "chat") return { text: "", ...this.#choice };
    const { content = null, ...others } = this.#message;
    if (this.#calls.length === 0) {
      const message = { role: "assistant", ...others, content: content ?? "" };
      return { ...this.#choice, message };
    }
    const calls = this.#calls.map(({ index: _index, ...call }) => call);
    return {
      ...this.#choice,
      message: { role: "assistant", ...others, content, tool_calls: calls },
    };
  }

  #addDelta(delta: JsonObject): void {
    for (const [name, value] of Object.entries(delta)) {
      if (name === "role") this.#message[name] = value;
      else if (name === "tool_calls" && Array.isArray(value)) this.#addCalls(value);
      else if (typeof value === "string") this.#message[name] = joined(this.#message[name], value);
      else if (isObject(value)) this.#message[name] = grown(this.#message[name], value);
      else if (value !== null || !(name in this.#message)) this.#message[name] = value;
    }
  }

  /** Deltas of calls carry the call's index; its name and arguments come in pieces. */
  #addCalls(deltas: readonly unknown[]): void {
    const calls = this.#calls;
    for (const delta of deltas) {
      if (!isObject(delta)) continue;
      const at = calls.findIndex((call) => call["index"] === delta["index"]);
      if (at === -1) calls.push(delta);
      else calls[at] = grown(calls[at], delta);
    }
  }
}

/** Strings are appended, but for what names a thing and is sent again with every piece. */
function grown(before: unknown, delta: JsonObject): JsonObject {
  const result: Record<string, unknown> = isObject(before) ? { ...before } : {};
  for (const [name, value] of Object.entries(delta)) {
    const old = result[name];
    if (isObject(value)) result[name] = grown(old, value);
    else if (typeof value !== "string") result[name] = value ?? old ?? null;
    else if (name === "id" || name === "type" || value === "") result[name] = value || old || value;
    else result[name] = joined(old, value);
  }
  return result;
}

/** Logprobs hold lists, one entry a token. */
function merged(before: unknown, value: unknown): unknown {
  if (!isObject(value)) return before ?? value;
  const result: Record<string, unknown> = isObject(before) ? { ...before } : {};
  for (const [name, list] of Object.entries(value)) {
    const old = result[name];
    if (Array.isArray(old) && Array.isArray(list)) for (const entry of list) old.push(entry);
    else result[name] = list ?? old ?? null;
  }
  return result;
}

function joined(before: unknown, value: unknown): unknown {
  if (typeof value !== "string") return before ?? value;
  return typeof before === "string" ? before + value : value;
}
