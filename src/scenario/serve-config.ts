/** Live serving after loading: what `tenantry serve` needs beside the platform. Durations in ns, names turned into indices. */

export type UpstreamEngine =
  | "vllm"
  | "sglang"
  | "tensorrt-llm"
  | "dynamo"
  | "llama.cpp"
  | "tenantry"
  | "other";

export interface UpstreamConfig {
  readonly url: string;
  readonly model: string | undefined;
  readonly keyVariable: string | undefined;
  readonly engine: UpstreamEngine;
  readonly adapters: "by-name" | "load";
}

export interface ServeConfig {
  readonly host: string;
  readonly port: number;
  readonly backend: "paced" | "openai";
  /** Per pool of the platform, in its order; empty arrays for the paced backend. */
  readonly upstreams: readonly (readonly UpstreamConfig[])[];
  readonly storage: string;
  readonly durability: "process" | "power";
  /** Per pool: path of a tokenizer.json, relative to the scenario file. */
  readonly tokenizers: readonly (string | undefined)[];
  readonly tls: { readonly certificate: string; readonly key: string } | undefined;
  readonly maxBodyBytes: number;
  readonly headerTimeoutNs: number;
  readonly bodyTimeoutNs: number;
  /** Infinity: never. */
  readonly requestTimeoutNs: number;
  readonly drainTimeoutNs: number;
  readonly maxInbox: number;
  readonly maxLagNs: number;
  /** Who may read the metrics. */
  readonly metricsAccess: "admin" | "open";
  readonly tracesUrl: string | undefined;
}
