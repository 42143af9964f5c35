/**
 * The `serve` section: how `tenantry serve` listens, what computes, where its ledger is kept. Accepted and checked by every
 * command, so that one file serves them all; only `serve` acts on it.
 */
import { z } from "zod";
import { bytes, durationOr, named, positiveCount, positiveDuration } from "./values.ts";

const upstream = z.strictObject({
  url: z
    .url({ protocol: /^https?$/u, error: "expected a URL such as http://10.0.0.7:8000/v1" })
    .describe("Base URL of an OpenAI-compatible server, usually ending in /v1. One replica."),
  model: z
    .string()
    .optional()
    .describe("The model's name there. Default: the pool's model as the server lists it."),
  keyVariable: z
    .string()
    .optional()
    .describe("Environment variable that holds the server's API key."),
  engine: z
    .enum(["vllm", "sglang", "tensorrt-llm", "dynamo", "llama.cpp", "tenantry", "other"])
    .default("other")
    .describe("What kind of server it is: which extra fields it takes, and where its metrics are."),
  adapters: z
    .enum(["by-name", "load"])
    .default("by-name")
    .describe("LoRA adapters: known there by name, or loaded and unloaded through its API (vLLM)."),
});

export const serve = z
  .strictObject({
    listen: z
      .string()
      .regex(/^[^\s:]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/u, {
        error: "expected host:port such as 127.0.0.1:8080",
      })
      .default("127.0.0.1:8080")
      .describe("Address of the HTTP server, host:port; port 0 takes any free one."),
    backend: z
      .enum(["paced", "openai"])
      .default("paced")
      .describe("What runs the models: the simulated replicas in real time, or upstream servers."),
    upstreams: named(z.array(upstream).min(1))
      .default({})
      .describe("Backend openai: the servers of each pool; as many as the pool has replicas."),
    storage: z
      .string()
      .min(1)
      .default("tenantry.db")
      .describe("Ledger, tenants and keys: a SQLite file, or a postgres:// URL."),
    durability: z
      .enum(["process", "power"])
      .default("process")
      .describe(
        "What a completed response's charges survive: a crash of the process, or power loss.",
      ),
    tokenizers: named(z.string())
      .default({})
      .describe(
        "A tokenizer.json per pool, to count prompts with. Default: an estimate by length.",
      ),
    tls: z
      .strictObject({
        certificate: z.string().describe("PEM file with the certificate chain."),
        key: z.string().describe("PEM file with the private key."),
      })
      .optional()
      .describe("Serve HTTPS. Default: plain HTTP."),
    maxBody: bytes().prefault("16MiB").describe("Largest request body."),
    headerTimeout: positiveDuration().prefault("10s").describe("Time to send all headers."),
    bodyTimeout: positiveDuration().prefault("60s").describe("Time to send the whole request."),
    requestTimeout: durationOr("never")
      .prefault("10min")
      .describe("A request that takes longer is cancelled."),
    drainTimeout: positiveDuration()
      .prefault("30s")
      .describe("On SIGTERM: longest wait for requests in flight."),
    maxInbox: positiveCount()
      .prefault(10_000)
      .describe("Submissions that may wait for the engine; one more is answered 503."),
    maxLag: positiveDuration()
      .prefault("1s")
      .describe("When the engine is this far behind the clock, newcomers are answered 503."),
    metrics: z
      .enum(["admin", "open"])
      .default("admin")
      .describe(
        "Who may read /metrics, which tells of every tenant: holders of an admin key, or whoever reaches the server.",
      ),
    traces: z
      .url({ protocol: /^https?$/u })
      .optional()
      .describe("OTLP/HTTP endpoint for OpenTelemetry traces. Default: none."),
  })
  .prefault({})
  .describe("Live serving.");
