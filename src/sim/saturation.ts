/**
 * How many tokens per second the same fleet computes of the same mix when it never waits for work: what "busy" hides. The
 * scenario's clients become users who always want more, as many of each as it sent requests, without quotas, faults or
 * shedding, first come first served; measured once every queue is backlogged.
 */
import type { PlatformConfig, QuotaConfig } from "../engine/config.ts";
import type { MeterReading } from "../replica/port.ts";
import type { ClientConfig, Scenario } from "../scenario/scenario.ts";
import { type SimulationHooks, runSimulation } from "./simulate.ts";

/** Users per slot: as many again as run are waiting. */
const USERS_PER_SLOT = 2;
/** Requests per user before and while throughput is measured: the first fill the batches and spread their phases. */
const FILLING = 2;
const MEASURED = 3;

const NO_QUOTAS: QuotaConfig = {
  maxQps: Infinity,
  burst: Infinity,
  maxConcurrentRequests: Infinity,
  maxTokensPerDay: Infinity,
  maxTokensPerMinute: Infinity,
  maxSpendNanoUsdPerMonth: Infinity,
  maxGpuMemoryBytes: Infinity,
  enforcement: "hard",
  maxQueuedRequests: Infinity,
};

/**
 * Computed tokens per second, prompt and output, at saturation. `sent`: requests of each client, whose proportions are
 * the mix. Undefined where nothing was sent, or a client replays a trace, whose lengths come with its arrivals.
 */
export function saturationTokensPerS(
  scenario: Scenario,
  sent: readonly number[],
  hooks: Pick<SimulationHooks, "openTrace" | "onProgress">,
): number | undefined {
  const replaysTrace = scenario.clients.some(({ arrivals }) => arrivals.kind === "trace");
  if (replaysTrace || sent.every((count) => count === 0)) return undefined;
  const clients = scenario.clients.flatMap((client, index) =>
    sent[index] === 0 ? [] : [alwaysWanting(client, usersOf(scenario, sent, index))],
  );
  const users = clients.reduce((sum, { arrivals }) => sum + arrivals.users, 0);
  const saturated: Scenario = {
    ...scenario,
    clients,
    faults: [],
    platform: unlimited(scenario.platform),
    simulation: {
      ...scenario.simulation,
      durationNs: Infinity,
      warmupNs: 0,
      maxRequests: (FILLING + MEASURED + 1) * users,
    },
  };
  let ended = 0;
  let from = { timeNs: 0, tokens: 0 };
  let to = from;
  let meters: readonly MeterReading[] = [];
  runSimulation(saturated, {
    ...hooks,
    onMeters(given) {
      meters = given;
    },
    onRequest({ nowNs }) {
      ended += 1;
      if (ended !== FILLING * users && ended !== (FILLING + MEASURED) * users) return;
      from = to;
      to = { timeNs: nowNs, tokens: meters.reduce((sum, { tokens }) => sum + tokens, 0) };
    },
  });
  return ((to.tokens - from.tokens) * 1e9) / (to.timeNs - from.timeNs);
}

/** The pool's users, divided among its clients as their requests were. */
function usersOf({ clients, platform }: Scenario, sent: readonly number[], index: number): number {
  const { pool } = clients[index]!;
  const { replicas, maxNumSeqs } = platform.pools[pool]!;
  let poolSent = 0;
  for (const [other, client] of clients.entries())
    if (client.pool === pool) poolSent += sent[other]!;
  return Math.max(
    1,
    Math.round((USERS_PER_SLOT * replicas * maxNumSeqs * sent[index]!) / poolSent),
  );
}

type UserClient = ClientConfig & {
  readonly arrivals: { readonly kind: "closed-loop"; readonly users: number };
};

function alwaysWanting(client: ClientConfig, users: number): UserClient {
  const arrivals = { kind: "closed-loop", users, thinkMeanNs: 0, thinkCv: 1 } as const;
  return { ...client, arrivals, timeoutNs: Infinity, retry: { ...client.retry, attempts: 0 } };
}

function unlimited(platform: PlatformConfig): PlatformConfig {
  return {
    ...platform,
    policy: { ...platform.policy, name: "fcfs" },
    tiers: platform.tiers.map((tier) => ({ ...tier, shedAboveWaitNs: Infinity })),
    // The fleet at its largest: what a pool that scales can be.
    pools: platform.pools.map((pool) => ({ ...pool, autoscale: undefined })),
    tenants: platform.tenants.map((tenant) => ({ ...tenant, quotas: NO_QUOTAS })),
  };
}
