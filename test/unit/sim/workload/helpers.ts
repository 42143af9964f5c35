/** Client configurations and traces in memory for the tests of this folder. */
import type {
  ArrivalConfig,
  ClientConfig,
  TraceConfig,
} from "../../../../src/scenario/scenario.ts";
import type {
  Arrival,
  Client,
  TraceReader,
  TraceRow,
} from "../../../../src/sim/workload/client.ts";
import { createClient } from "../../../../src/sim/workload/clients.ts";
import { PromptStreams } from "../../../../src/sim/workload/prompt-streams.ts";

export const SECOND_NS = 1e9;

/** A client with constant lengths that never retries, changed by `changes`. */
export function clientConfig(
  arrivals: ArrivalConfig,
  changes: Partial<ClientConfig> = {},
): ClientConfig {
  return {
    name: "chat",
    tenant: 0,
    pool: 0,
    arrivals,
    promptTokens: { kind: "constant", tokens: 100 },
    outputTokens: { kind: "constant", tokens: 20 },
    systemPrompt: undefined,
    distinctPrompts: Infinity,
    conversation: undefined,
    maxOutputTokens: undefined,
    adapterShares: [],
    timeoutNs: Infinity,
    retry: { attempts: 0, backoffNs: 0, maxBackoffNs: 0, jitter: 0 },
    ...changes,
  };
}

export function traceConfig(changes: Partial<TraceConfig> = {}): TraceConfig {
  return {
    path: "trace.csv",
    format: "tenantry",
    rateScale: 1,
    fromNs: 0,
    toNs: Infinity,
    clients: undefined,
    spreadNs: 0,
    ...changes,
  };
}

interface Run {
  readonly seed?: number;
  readonly tenantName?: string;
  readonly durationNs?: number;
  readonly rows?: readonly TraceRow[];
}

export function openClient(config: ClientConfig, run: Run = {}): Client {
  return createClient(config, {
    promptStreams: new PromptStreams(),
    seed: run.seed ?? 1,
    tenantName: run.tenantName ?? "acme",
    durationNs: run.durationNs ?? Infinity,
    openTrace: () => readerOf(run.rows ?? []),
  });
}

/** Takes up to `max` arrivals without ever telling the client how they ended. */
export function takeAll(client: Client, max = 100_000): Arrival[] {
  const arrivals: Arrival[] = [];
  while (client.nextArrivalNs !== Infinity && arrivals.length < max) arrivals.push(client.take());
  return arrivals;
}

function readerOf(rows: readonly TraceRow[]): TraceReader {
  let taken = 0;
  return { next: () => rows[taken++], skippedRows: 0 };
}
