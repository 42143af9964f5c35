/**
 * The trace formats as data: what their columns are called, how time is written, which rows stand for failed requests.
 * Everything that differs between formats is here; reading and checking is the same for all.
 */
import type { TraceFormat } from "../scenario/scenario.ts";

export interface FormatRules {
  /** Lines of comma-separated values under a header, or of JSON objects. */
  readonly container: "csv" | "jsonl";
  /** Columns, found by name wherever they stand; others are ignored. */
  readonly time: string;
  readonly prompt: string;
  readonly output: string;
  readonly client: string | undefined;
  /** JSON Lines only: a list of numbers that name the prompt's blocks. Rows may lack it. */
  readonly hashes?: string;
  readonly timeForm: "timestamp" | "seconds" | "milliseconds";
  /** Rows with 0 output tokens are failed requests of the recorded system, not mistakes in the file. */
  readonly zeroOutputIsFailure: boolean;
  /** A row in the right form, for messages. */
  readonly example: string;
}

/**
 * Sources: azure, Azure/AzurePublicDataset (data/AzureLLMInferenceTrace_*.csv of 2023, and the form of the 2024 week);
 * burstgpt, HPMLL/BurstGPT README (its _3 files insert Session ID and Elapsed time; failures have no response tokens);
 * mooncake, kvcache-ai/Mooncake FAST25-release/traces; vtc, Ying1123/VTC-artifact real_trace as a table.
 *
 * `tenantry` is our own recording: CSV with the header `time_s,client,prompt_tokens,output_tokens`, time in seconds with
 * up to nine decimals from any zero, client a name, both lengths whole numbers from 1. More columns may follow
 * (`adapter` is written by recordings) and are ignored.
 */
export const FORMATS: Readonly<Record<TraceFormat, FormatRules>> = {
  azure: {
    container: "csv",
    time: "TIMESTAMP",
    prompt: "ContextTokens",
    output: "GeneratedTokens",
    client: undefined,
    timeForm: "timestamp",
    zeroOutputIsFailure: false,
    example: "2023-11-16 18:15:46.6805900,374,44",
  },
  burstgpt: {
    container: "csv",
    time: "Timestamp",
    prompt: "Request tokens",
    output: "Response tokens",
    client: "Model",
    timeForm: "seconds",
    zeroOutputIsFailure: true,
    example: "5,ChatGPT,472,18,490,Conversation log",
  },
  mooncake: {
    container: "jsonl",
    time: "timestamp",
    prompt: "input_length",
    output: "output_length",
    client: undefined,
    hashes: "hash_ids",
    timeForm: "milliseconds",
    zeroOutputIsFailure: false,
    example: '{"timestamp": 0, "input_length": 6758, "output_length": 500, "hash_ids": [0, 1]}',
  },
  vtc: {
    container: "csv",
    time: "req_time_s",
    prompt: "prompt_tokens",
    output: "output_tokens",
    client: "client",
    timeForm: "seconds",
    zeroOutputIsFailure: false,
    example: "0,13,13,199,0.000000 (req_id,client,prompt_tokens,output_tokens,req_time_s)",
  },
  tenantry: {
    container: "csv",
    time: "time_s",
    prompt: "prompt_tokens",
    output: "output_tokens",
    client: "client",
    timeForm: "seconds",
    zeroOutputIsFailure: false,
    example: "12.345678901,alice,374,44 (time_s,client,prompt_tokens,output_tokens)",
  },
};

/** The columns a file of this format must have, in the order time, prompt, output, client. */
export function columnsOf(rules: FormatRules): string[] {
  const columns = [rules.time, rules.prompt, rules.output];
  return rules.client === undefined ? columns : [...columns, rules.client];
}
