/**
 * What each kind of server takes beyond the OpenAI API: a priority and which way it counts, a cache salt, usage in every chunk,
 * and the names of its metrics. Servers that are not known get nothing that they might refuse.
 */
import type { UpstreamEngine } from "../../../scenario/serve-config.ts";

/** Metrics by which a server says how it does; the first name that is there counts, since versions renamed them. */
export interface MetricNames {
  readonly running: readonly string[];
  readonly waiting: readonly string[];
  /** Share of the KV cache in use, 0..1. */
  readonly kvUsage: readonly string[];
}

export interface Dialect {
  /** "lower-first": the lower number goes first. */
  readonly priority: "lower-first" | "higher-first" | undefined;
  readonly hasCacheSalt: boolean;
  /** Takes stream_options.continuous_usage_stats: a stream that is broken off has then been counted by the server. */
  readonly hasRunningUsage: boolean;
  readonly metrics: MetricNames | undefined;
}

const PLAIN: Dialect = {
  priority: undefined,
  hasCacheSalt: false,
  hasRunningUsage: false,
  metrics: undefined,
};

const DIALECTS: Readonly<Record<UpstreamEngine, Dialect>> = {
  vllm: {
    priority: "lower-first",
    hasCacheSalt: true,
    hasRunningUsage: true,
    metrics: {
      running: ["vllm:num_requests_running"],
      waiting: ["vllm:num_requests_waiting"],
      kvUsage: ["vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc"],
    },
  },
  sglang: {
    ...PLAIN,
    priority: "higher-first",
    metrics: {
      running: ["sglang:num_running_reqs", "sglang_num_running_reqs"],
      waiting: ["sglang:num_queue_reqs", "sglang_num_queue_reqs"],
      kvUsage: ["sglang:token_usage", "sglang_token_usage"],
    },
  },
  "llama.cpp": {
    ...PLAIN,
    metrics: {
      running: ["llamacpp:requests_processing"],
      waiting: ["llamacpp:requests_deferred"],
      kvUsage: ["llamacpp:kv_cache_usage_ratio"],
    },
  },
  "tensorrt-llm": PLAIN,
  dynamo: PLAIN,
  tenantry: { ...PLAIN, hasRunningUsage: true },
  other: PLAIN,
};

export function dialectOf(engine: UpstreamEngine): Dialect {
  return DIALECTS[engine];
}

/** The priority to send for a tier (0 is the highest of `tiers`); undefined where the server takes none. */
export function priorityOf(dialect: Dialect, tier: number, tiers: number): number | undefined {
  if (dialect.priority === undefined) return undefined;
  return dialect.priority === "lower-first" ? tier : tiers - 1 - tier;
}
