/**
 * The body an upstream gets: what the client asked for, as far as it concerns the answer, and our own word on everything else.
 * Fields pass by a list of those known to shape an answer: servers have others that name an adapter, a cache, a rank or an
 * urgency, and who may have which of those is decided here and never by a client. An unknown field is left out.
 */
import type { Endpoint, JsonObject } from "../../exchange.ts";
import type { Dialect } from "./dialects.ts";

/** What shapes an answer, whoever serves it: the OpenAI API, and sampling as vLLM, SGLang and llama.cpp extend it. */
const SAMPLING = `temperature top_p top_k min_p typical_p top_a presence_penalty frequency_penalty repetition_penalty
  repeat_penalty repeat_last_n length_penalty seed stop stop_token_ids bad_words include_stop_str_in_output ignore_eos
  min_tokens logit_bias logprobs top_logprobs n_probs allowed_token_ids skip_special_tokens no_stop_trim
  spaces_between_special_tokens response_format structured_outputs guided_json guided_regex guided_choice
  guided_grammar guided_whitespace_pattern grammar json_schema regex ebnf mirostat mirostat_tau mirostat_eta
  dynatemp_range dynatemp_exponent xtc_probability xtc_threshold dry_multiplier dry_base dry_allowed_length
  truncate_prompt_tokens`;

const FIELDS: Readonly<Record<Endpoint, ReadonlySet<string>>> = {
  chat: names(`${SAMPLING} messages tools tool_choice parallel_tool_calls functions function_call reasoning_effort
    verbosity modalities audio prediction chat_template_kwargs enable_thinking thinking include_reasoning
    separate_reasoning documents add_generation_prompt continue_final_message`),
  completion: names(`${SAMPLING} prompt suffix echo`),
  embedding: names("input encoding_format dimensions truncate_prompt_tokens"),
};

export interface BodyParts {
  readonly endpoint: Endpoint;
  /** The client's. */
  readonly body: JsonObject;
  readonly model: string;
  readonly maxOutputTokens: number;
  readonly dialect: Dialect;
  readonly priority: number | undefined;
  readonly cacheSalt: string;
}

/** The JSON to send. */
export function requestBody(parts: BodyParts): string {
  const { endpoint, body, dialect } = parts;
  const fields = FIELDS[endpoint];
  const sent: Record<string, unknown> = { model: parts.model };
  for (const [name, value] of Object.entries(body)) {
    if (fields.has(name)) sent[name] = value;
  }
  if (endpoint === "embedding") return JSON.stringify(sent);
  sent["stream"] = true;
  sent["stream_options"] = dialect.hasRunningUsage
    ? { include_usage: true, continuous_usage_stats: true }
    : { include_usage: true };
  sent["n"] = 1;
  // What was reserved for the request is what it may produce, also where the client sent no limit.
  const limit = "max_completion_tokens" in body ? "max_completion_tokens" : "max_tokens";
  sent[limit] = parts.maxOutputTokens;
  if (parts.priority !== undefined) sent["priority"] = parts.priority;
  if (dialect.hasCacheSalt) sent["cache_salt"] = parts.cacheSalt;
  return JSON.stringify(sent);
}

function names(list: string): ReadonlySet<string> {
  return new Set(list.split(/\s+/u));
}
