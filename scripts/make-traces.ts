/**
 * Writes the small synthetic traces in scenarios/traces, so that trace scenarios run without a download. They are drawn
 * from this project's own generators with fixed seeds: the same files on every machine. They resemble chat and agent
 * traffic in form only and are no measurement of anything. Run: node scripts/make-traces.ts
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { AssertionError } from "../src/base/assert.ts";
import type { ArrivalConfig, ClientConfig, LengthConfig } from "../src/scenario/scenario.ts";
import type { Arrival } from "../src/sim/workload/client.ts";
import { createClient } from "../src/sim/workload/clients.ts";
import { PromptStreams } from "../src/sim/workload/prompt-streams.ts";

const SECOND_NS = 1e9;
const SEED = 20_260_101;

/** Ten minutes: long enough for a few bursts, small enough to read. */
const DURATION_NS = 600 * SECOND_NS;

/** The clock of agents.jsonl stands still this long, as that of Mooncake's conversation trace does. */
const TICK_MS = 3000;

/** Tokens in one block of agents.jsonl, as in Mooncake's traces. */
const BLOCK_TOKENS = 512;

interface Traffic {
  readonly name: string;
  readonly arrivals: ArrivalConfig;
  readonly promptTokens: LengthConfig;
  readonly outputTokens: LengthConfig;
}

/** Medians and spreads near the chat and code traces published by Azure in 2023 (p50 and p90 of each length). */
const CHAT: readonly Traffic[] = [
  {
    name: "assistant",
    arrivals: { kind: "gamma", ratePerS: 2, cv: 1.2, shapes: [] },
    promptTokens: { kind: "lognormal", median: 1020, sigma: 0.8, min: 20, max: 14_000 },
    outputTokens: { kind: "lognormal", median: 130, sigma: 0.9, min: 1, max: 1000 },
  },
  {
    name: "support",
    arrivals: {
      kind: "poisson",
      ratePerS: 0.8,
      shapes: [{ kind: "spike", atNs: 300 * SECOND_NS, forNs: 60 * SECOND_NS, factor: 3 }],
    },
    promptTokens: { kind: "lognormal", median: 400, sigma: 0.6, min: 20, max: 4000 },
    outputTokens: { kind: "lognormal", median: 90, sigma: 0.6, min: 1, max: 600 },
  },
  {
    name: "completion",
    arrivals: {
      kind: "on-off",
      onRatePerS: 2.4,
      offRatePerS: 0,
      meanOnNs: 12 * SECOND_NS,
      meanOffNs: 36 * SECOND_NS,
      shapes: [],
    },
    promptTokens: { kind: "lognormal", median: 1470, sigma: 0.9, min: 50, max: 7437 },
    outputTokens: { kind: "lognormal", median: 13, sigma: 1.1, min: 1, max: 500 },
  },
];

/** Near Mooncake's conversation trace: long prompts, some 350 tokens of answer. */
const AGENTS: Traffic = {
  name: "agents",
  arrivals: { kind: "poisson", ratePerS: 0.6, shapes: [] },
  promptTokens: { kind: "lognormal", median: 6900, sigma: 1.1, min: 891, max: 126_195 },
  outputTokens: { kind: "lognormal", median: 350, sigma: 0.5, min: 1, max: 2000 },
};

/** The three clients of chat.csv in the tenantry format, rows in order of time. */
export function chatTrace(): string {
  const rows = CHAT.flatMap((traffic) =>
    requestsOf(traffic).map((arrival) => ({ client: traffic.name, ...arrival })),
  ).toSorted((a, b) => a.timeNs - b.timeNs || (a.client < b.client ? -1 : 1));
  const lines = rows.map(({ timeNs, client, promptTokens, outputTokens }) => {
    const seconds = Math.floor(timeNs / SECOND_NS);
    const fraction = String(timeNs % SECOND_NS).padStart(9, "0");
    return `${seconds}.${fraction},${client},${promptTokens},${outputTokens}\n`;
  });
  return `time_s,client,prompt_tokens,output_tokens\n${lines.join("")}`;
}

/** agents.jsonl in Mooncake's format: coarse clock, one block shared by all, the others never seen again. */
export function agentTrace(): string {
  let blocks = 1;
  const lines = requestsOf(AGENTS).map(({ timeNs, promptTokens, outputTokens }) => {
    const ownBlocks = Math.ceil(promptTokens / BLOCK_TOKENS) - 1;
    const ids = Array.from({ length: ownBlocks }, () => blocks++);
    return `${JSON.stringify({
      timestamp: Math.floor(timeNs / 1e6 / TICK_MS) * TICK_MS,
      input_length: promptTokens,
      output_length: outputTokens,
      hash_ids: [0, ...ids],
    })}\n`;
  });
  return lines.join("");
}

function requestsOf(traffic: Traffic): Arrival[] {
  const config: ClientConfig = {
    ...traffic,
    tenant: 0,
    pool: 0,
    systemPrompt: undefined,
    distinctPrompts: Infinity,
    conversation: undefined,
    maxOutputTokens: undefined,
    adapterShares: [],
    timeoutNs: Infinity,
    retry: { attempts: 0, backoffNs: 0, maxBackoffNs: 0, jitter: 0 },
  };
  const client = createClient(config, {
    promptStreams: new PromptStreams(),
    seed: SEED,
    tenantName: "synthetic",
    durationNs: DURATION_NS,
    openTrace: () => {
      throw new AssertionError("no traffic here comes from a trace");
    },
  });
  const arrivals: Arrival[] = [];
  while (client.nextArrivalNs !== Infinity) arrivals.push(client.take());
  return arrivals;
}

if (import.meta.main) {
  const folder = join(import.meta.dirname, "../scenarios/traces");
  writeFileSync(join(folder, "chat.csv"), chatTrace());
  writeFileSync(join(folder, "agents.jsonl"), agentTrace());
}
