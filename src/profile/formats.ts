/**
 * The tables of measured steps that can be read, as data: which columns they have and which steps a line stands for.
 * Columns are found by name wherever they stand; others are ignored.
 */
import { likelyPairs, type MeasuredStep } from "./step-row.ts";

/** The number in a column. Every column that a format asks for has been checked to be a number, 0 or more. */
type Numbers = (column: string) => number;

/** Columns that say what was measured, in files that hold several sets of measurements. */
export interface Subject {
  readonly model?: string;
  readonly gpu?: string;
  readonly tensorParallel?: string;
}

export interface StepFormat {
  readonly name: "tenantry" | "vllm-fpm" | "vllm-log" | "operator-sums" | "splitwise";
  readonly counts: readonly string[];
  readonly times: readonly string[];
  /** Text, and what it may say. */
  readonly words: ReadonlyMap<string, readonly string[]>;
  /** Counts that a file may lack. */
  readonly optional: readonly string[];
  readonly subject: Subject;
  /** The steps a line stands for, or why it stands for none that can be used. */
  readonly steps: (
    number: Numbers,
    word: (column: string) => string,
  ) => readonly MeasuredStep[] | string;
}

const NO_WORDS: ReadonlyMap<string, readonly string[]> = new Map();
const DECODE_ONLY = { prefills: 0, prefillTokens: 0, prefillPairs: 0 };
const PREFILL_ONLY = { decodes: 0, contextTokens: 0 };

/** Our own: a row per step. `prefill_pairs` says what several chunks' attention was; without it they count as alike. */
const TENANTRY: StepFormat = {
  name: "tenantry",
  counts: [
    "prefill_requests",
    "prefill_tokens",
    "prefill_context_tokens",
    "decode_requests",
    "decode_context_tokens",
  ],
  times: ["latency_ms"],
  words: NO_WORDS,
  optional: ["prefill_pairs"],
  subject: { model: "model", gpu: "gpu", tensorParallel: "tensor_parallel" },
  steps(number) {
    const prefills = number("prefill_requests");
    const prefillTokens = number("prefill_tokens");
    const pairs = number("prefill_pairs");
    const likely = likelyPairs(prefills, prefillTokens, number("prefill_context_tokens"));
    return oneStep({
      prefills,
      prefillTokens,
      prefillPairs: Number.isNaN(pairs) ? likely : pairs,
      decodes: number("decode_requests"),
      contextTokens: number("decode_context_tokens"),
      ms: number("latency_ms"),
    });
  },
};

/** vLLM's forward-pass metrics as ai-dynamo/aiconfigurator records them (fpm_golden_runs): a row per engine step. */
const VLLM_FPM: StepFormat = {
  name: "vllm-fpm",
  counts: ["ctx_tokens", "ctx_requests", "ctx_kv_tokens", "decode_requests", "decode_kv_tokens"],
  times: ["latency_ms"],
  words: NO_WORDS,
  optional: ["decode_tokens"],
  subject: {},
  steps(number) {
    const prefills = number("ctx_requests");
    const prefillTokens = number("ctx_tokens");
    const decodes = number("decode_requests");
    if (number("decode_tokens") > decodes) {
      return "several tokens per decoding sequence (speculative decoding)";
    }
    return oneStep({
      prefills,
      prefillTokens,
      prefillPairs: likelyPairs(prefills, prefillTokens, number("ctx_kv_tokens")),
      decodes,
      contextTokens: number("decode_kv_tokens"),
      ms: number("latency_ms"),
    });
  },
};

/** vLLM's log of iterations, which vllm-log.ts turns into the same columns. */
export const VLLM_LOG: StepFormat = {
  ...VLLM_FPM,
  name: "vllm-log",
  steps(number, word) {
    const reason = word("left_out");
    return reason === "" ? VLLM_FPM.steps(number, word) : reason;
  },
};

/** Sums of operator times (NVIDIA aiconfigurator's tables): whole prompts, or decoding sequences of one context each. */
const OPERATOR_SUMS: StepFormat = {
  name: "operator-sums",
  counts: ["batch", "tokens_or_context"],
  times: ["total_ms"],
  words: new Map([["phase", ["prefill", "decode"]]]),
  optional: [],
  subject: { model: "model", gpu: "gpu", tensorParallel: "tp" },
  steps(number, word) {
    const batch = number("batch");
    const tokens = batch * number("tokens_or_context");
    const ms = number("total_ms");
    return word("phase") === "prefill"
      ? [{ ...PREFILL_ONLY, ...wholePrompts(batch, tokens), ms }]
      : [{ ...DECODE_ONLY, decodes: batch, contextTokens: tokens, ms }];
  },
};

/**
 * splitwise-sim's perf_model.csv (Patel et al., ISCA 2024): a line per run of one batch. Its prompt is one step and its
 * decoding another, of the mean context. Runs ended before `token_size` where the model did, so how many tokens there
 * were follows from the times.
 */
const SPLITWISE: StepFormat = {
  name: "splitwise",
  counts: ["prompt_size", "batch_size", "token_size"],
  times: ["prompt_time", "token_time", "e2e_time"],
  words: NO_WORDS,
  optional: [],
  subject: { model: "model", gpu: "hardware", tensorParallel: "tensor_parallel" },
  steps(number) {
    const batch = number("batch_size");
    const prompt = number("prompt_size");
    const promptMs = number("prompt_time");
    const tokenMs = number("token_time");
    const generated = (number("e2e_time") - promptMs) / tokenMs;
    if (generated < 1) return "fewer than two output tokens";
    const contextTokens = Math.round(batch * (prompt + (generated + 1) / 2));
    return [
      { ...PREFILL_ONLY, ...wholePrompts(batch, batch * prompt), ms: promptMs },
      { ...DECODE_ONLY, decodes: batch, contextTokens, ms: tokenMs },
    ];
  },
};

export const STEP_FORMATS: readonly StepFormat[] = [TENANTRY, VLLM_FPM, OPERATOR_SUMS, SPLITWISE];

/** Columns a file of this format must have. */
export function columnsOf({ counts, times, words }: StepFormat): readonly string[] {
  return [...counts, ...times, ...words.keys()];
}

function wholePrompts(prompts: number, tokens: number) {
  return {
    prefills: prompts,
    prefillTokens: tokens,
    prefillPairs: likelyPairs(prompts, tokens, 0),
  };
}

function oneStep(step: MeasuredStep): readonly MeasuredStep[] | string {
  const { prefills, prefillTokens, decodes } = step;
  if (prefills + decodes === 0) return "nothing was computed";
  if (prefills > prefillTokens) return "prompt chunks without tokens";
  if (prefills === 0 && prefillTokens > 0) return "prompt tokens without a request";
  return [step];
}
