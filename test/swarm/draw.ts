/** Draws small scenarios in which every limit is within reach: what the swarm test runs. */
import fc from "fast-check";
import { TINY_GPU, TINY_MODEL, blockBytes } from "../support/tiny-hardware.ts";

const TIERS = ["gold", "silver", "bronze"] as const;
const MIB = 1024 * 1024;

/** A value in one of `of` cases, else nothing: limits that are always on hide what happens without them. */
function sometimes<T>(arbitrary: fc.Arbitrary<T>, of = 3): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: of - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}

const adapters = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 });

const quotas = fc.record({
  maxQps: sometimes(fc.integer({ min: 1, max: 60 })),
  burst: sometimes(fc.integer({ min: 1, max: 10 })),
  maxConcurrentRequests: sometimes(fc.integer({ min: 1, max: 8 })),
  maxTokensPerDay: sometimes(fc.integer({ min: 50, max: 4000 }), 5),
  maxTokensPerMinute: sometimes(fc.integer({ min: 50, max: 4000 }), 5),
  maxSpendMicroUsd: sometimes(fc.integer({ min: 10, max: 600 }), 5),
  memoryBlocks: sometimes(fc.integer({ min: 4, max: 40 }), 2),
  enforcement: fc.constantFrom("hard", "soft"),
  maxQueuedRequests: sometimes(fc.integer({ min: 1, max: 20 })),
});

const length = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.constant({ uniform: { min: 1, max: 60 } }),
  fc.constant({ exponential: { mean: 15, max: 60 } }),
);

const arrivals = fc.oneof(
  fc.record({
    process: fc.constantFrom("poisson", "constant"),
    rate: fc.integer({ min: 5, max: 120 }),
  }),
  fc.record({
    process: fc.constant("closed-loop"),
    users: fc.integer({ min: 1, max: 8 }),
    thinkMs: fc.integer({ min: 0, max: 300 }),
  }),
  fc.record({ process: fc.constant("on-off"), onRate: fc.integer({ min: 50, max: 300 }) }),
);

/** A system prompt of the tenant's own or one that all share, and perhaps conversations behind it. */
const prefixes = fc.record({
  systemPrompt: fc.constantFrom(undefined, undefined, 9, 24, { tokens: 20, name: "common" }),
  distinctPrompts: fc.constantFrom(undefined, undefined, 1, 5),
  conversation: sometimes(
    fc.record({ turns: fc.constantFrom(3, { uniform: { min: 1, max: 5 } }), thinkMs: fc.nat(200) }),
    2,
  ),
});

const tenant = fc.record({
  prefixes,
  tier: fc.nat({ max: TIERS.length - 1 }),
  weight: fc.constantFrom(1, 2, 0.5),
  quotas,
  adapters: sometimes(adapters, 2),
  arrivals,
  promptTokens: length,
  outputTokens: length,
  maxOutputTokens: sometimes(fc.integer({ min: 1, max: 80 })),
  timeoutMs: sometimes(fc.integer({ min: 1, max: 800 }), 2),
  attempts: fc.nat({ max: 3 }),
});

const fault = fc.record({
  kind: fc.constantFrom("crash", "slow", "lose", "node", "random"),
  pool: fc.nat({ max: 1 }),
  replica: fc.nat({ max: 2 }),
  atMs: fc.integer({ min: 0, max: 3000 }),
  forMs: fc.integer({ min: 1, max: 2000 }),
});

/** Fast enough that a run of four seconds scales out and in several times. */
const autoscale = fc.record({
  initial: fc.nat({ max: 2 }),
  more: fc.nat({ max: 2 }),
  delayMs: fc.nat({ max: 600 }),
  outAbove: fc.constantFrom(0.3, 0.7),
  inBelow: fc.constantFrom(0.1, 0.29),
  afterMs: fc.constantFrom(0, 100, 300),
  cooldownMs: fc.constantFrom(0, 200),
  smoothingMs: fc.constantFrom(0, 200),
});

const pool = fc.record({
  replicas: fc.integer({ min: 1, max: 3 }),
  gpusPerNode: fc.integer({ min: 1, max: 3 }),
  autoscale: sometimes(autoscale, 2),
  maxNumSeqs: fc.integer({ min: 1, max: 8 }),
  budget: fc.integer({ min: 1, max: 60 }),
  kvBlocks: fc.integer({ min: 3, max: 60 }),
  blockTokens: fc.constantFrom(1, 4, 16),
  adapterMib: fc.integer({ min: 3, max: 5 }),
  borrowing: fc.boolean(),
  shares: sometimes(fc.tuple(fc.nat({ max: 57 }), fc.nat({ max: 20 }), fc.nat({ max: 20 })), 2),
  idleCost: fc.constantFrom("platform", "spread"),
  lend: fc.boolean(),
  prefixSharing: fc.constantFrom("tenant", "pool"),
  enablePrefixCaching: fc.constantFrom(true, true, true, false),
  asyncScheduling: fc.boolean(),
  edgeUs: fc.constantFrom(0, 500, 20_000),
  stepUs: fc.integer({ min: 200, max: 6000 }),
  contextNs: fc.nat({ max: 2000 }),
});

export const drawn = fc.record({
  policy: fc.constantFrom("fcfs", "strict-priority", "tier-share", "vtc", "slo-fair"),
  shedMs: sometimes(fc.integer({ min: 10, max: 500 })),
  cachedPrice: fc.boolean(),
  isolation: fc.record({
    // Small enough that nearly every request is late: mitigation at every turn.
    victimFactor: fc.constantFrom(0.01, 0.3, 1.5),
    mitigate: fc.boolean(),
    tightenAfter: fc.integer({ min: 1, max: 3 }),
    relaxAfter: fc.integer({ min: 1, max: 5 }),
  }),
  pools: fc.tuple(pool, pool),
  isSecondDedicated: fc.boolean(),
  tenants: fc.array(tenant, { minLength: 2, maxLength: 5 }),
  /** Requests per second of a tenant without quotas beside a calm one: enough that percentiles say something. */
  flood: sometimes(fc.integer({ min: 100, max: 400 }), 4),
  faults: fc.array(fault, { maxLength: 5 }),
  reload: sometimes(
    fc.record({
      afterEvents: fc.nat({ max: 600 }),
      policy: fc.constantFrom("fcfs", "strict-priority", "tier-share", "vtc", "slo-fair"),
      weight: fc.constantFrom(0.5, 1, 2),
    }),
    2,
  ),
  seed: fc.nat({ max: 1_000_000 }),
});

type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never;
type Tenant = Drawn["tenants"][number];
type Pool = Drawn["pools"][number];

/** The scenario file of a draw. */
export function fileOf(given: Drawn): object {
  const pools = given.isSecondDedicated ? given.pools : [given.pools[0]];
  return {
    version: 2,
    name: "swarm",
    platform: {
      policy: given.policy,
      tiers: tiersOf(given),
      models: { tiny: TINY_MODEL },
      gpus: { card: TINY_GPU },
      pools: Object.fromEntries(pools.map((one, index) => [`pool${index}`, poolFile(one, index)])),
      tenants: {
        ...(given.flood !== undefined && {
          flood: { tier: "bronze", pools: "pool0" },
          calm: { tier: "silver", pools: "pool0" },
        }),
        ...Object.fromEntries(
          given.tenants.map((one, index) => [`t${index}`, tenantFile(given, one, index)]),
        ),
      },
      prices: { adapterHour: "$3/h", gpuHour: "$4/h" },
      isolation: { checkEvery: "100ms", ...given.isolation },
    },
    workload: {
      ...Object.fromEntries(given.tenants.map((one, index) => [`t${index}`, clientFile(one)])),
      ...(given.flood !== undefined && {
        flood: steadyFile(given.flood, 5),
        calm: steadyFile(60, 1),
      }),
    },
    faults: faultFiles(given.faults, pools),
    simulation: {
      duration: "4s",
      maxRequests: given.flood === undefined ? 300 : 1600,
      warmup: "500ms",
      seed: given.seed,
    },
  };
}

function steadyFile(rate: number, tokens: number): object {
  return {
    arrivals: { process: "poisson", rate: `${rate}/s` },
    promptTokens: tokens,
    outputTokens: tokens,
    maxOutputTokens: tokens,
  };
}

/** The same platform as it is after a reload: another policy, other weights and shares, mitigation turned on or off, one tenant more. */
export function reloadedFileOf(given: Drawn): object {
  const { policy, weight } = given.reload ?? { policy: given.policy, weight: 1 as const };
  const turned = given.tenants.map((one) => ({ ...one, weight }));
  const [first, second] = given.pools;
  return fileOf({
    ...given,
    policy,
    isolation: { ...given.isolation, mitigate: !given.isolation.mitigate },
    pools: [{ ...first, shares: first.shares && [10, 10, 10 * weight] }, second],
    tenants: [...turned, { ...turned[0]!, weight }],
  });
}

function tiersOf({ shedMs }: Drawn): object {
  const shed = shedMs === undefined ? {} : { shedAboveWait: `${shedMs}ms` };
  return {
    gold: { weight: 50, targets: [{ ttft: "30ms" }], ...shed },
    silver: { weight: 30, targets: [{ ttft: "100ms" }, { tpot: "5ms", percentile: 90 }] },
    bronze: { weight: 20, targets: [{ e2e: "500ms" }], ...shed },
  };
}

function poolFile(given: Pool, index: number): object {
  const dedicated = index === 1;
  const [gold, silver, bronze] = given.shares ?? [50, 30, 20];
  // Every tier has some share, for a pool that does not lend would never serve one without.
  const tierShares = { gold: `${gold + 1}%`, silver: `${silver + 1}%`, bronze: `${bronze + 1}%` };
  const stated = given.shares === undefined ? {} : { tierShares };
  return {
    model: "tiny",
    gpu: "card",
    ...replicasFile(given),
    gpusPerNode: given.gpusPerNode,
    maxNumSeqs: given.maxNumSeqs,
    maxNumBatchedTokens: given.maxNumSeqs + given.budget,
    numGpuBlocksOverride: given.kvBlocks,
    blockSize: given.blockTokens,
    adapterMemory: `${given.adapterMib}MiB`,
    idleCost: given.idleCost,
    prefixSharing: given.prefixSharing,
    enablePrefixCaching: given.enablePrefixCaching,
    asyncScheduling: given.asyncScheduling,
    edgeOverhead: { request: `${given.edgeUs}us`, running: `${given.edgeUs / 10}us` },
    stepTime: {
      fixed: `${given.stepUs}us`,
      perToken: "10us",
      perContextToken: `${given.contextNs}ns`,
    },
    ...(dedicated
      ? { dedicatedTo: "t1", lend: given.lend }
      : { borrowing: given.borrowing, ...stated }),
  };
}

function replicasFile({ replicas, autoscale: drawnScale }: Pool): object {
  if (drawnScale === undefined) return { replicas };
  const { initial, more, delayMs, outAbove, inBelow, afterMs, cooldownMs, smoothingMs } =
    drawnScale;
  const max = replicas + initial + more;
  return {
    replicas: replicas + initial,
    autoscale: {
      min: replicas,
      max,
      provisioningDelay: `${delayMs}ms`,
      scaleOutAbove: outAbove,
      scaleOutAfter: `${afterMs}ms`,
      scaleInBelow: inBelow,
      scaleInAfter: `${afterMs}ms`,
      cooldown: `${cooldownMs}ms`,
      smoothing: `${smoothingMs}ms`,
    },
  };
}

function tenantFile(given: Drawn, tenantDrawn: Tenant, index: number): object {
  const isDedicated = given.isSecondDedicated && index === 1;
  const { blockTokens } = given.pools[isDedicated ? 1 : 0];
  const { quotas: drawnQuotas, tier, weight } = tenantDrawn;
  const { maxQps, maxSpendMicroUsd, memoryBlocks, ...plain } = drawnQuotas;
  const quotaFile: Record<string, unknown> = { ...plain };
  if (maxQps !== undefined) quotaFile["maxQps"] = `${maxQps}/s`;
  if (maxSpendMicroUsd !== undefined) {
    quotaFile["maxSpendPerMonth"] = `$${(maxSpendMicroUsd / 1e6).toFixed(6)}`;
  }
  if (memoryBlocks !== undefined) {
    // Room for adapters too, or every request with one would be refused.
    const adapterBytes = tenantDrawn.adapters === undefined ? 0 : 3 * MIB;
    quotaFile["maxGpuMemory"] = `${adapterBytes + memoryBlocks * blockBytes(blockTokens)}B`;
  }
  return {
    tier: TIERS[tier]!,
    weight,
    pools: isDedicated ? "pool1" : "pool0",
    quotas: quotaFile,
    adapters: Object.fromEntries(
      (tenantDrawn.adapters ?? []).map((mib, at) => [`a${at}`, { size: `${mib}MiB` }]),
    ),
    defaultMaxOutputTokens: 60,
  };
}

function clientFile(given: Tenant): object {
  const count = given.adapters?.length ?? 0;
  return {
    arrivals: arrivalsFile(given),
    promptTokens: given.promptTokens,
    outputTokens: given.outputTokens,
    maxOutputTokens: given.maxOutputTokens,
    ...prefixesFile(given),
    adapters: Object.fromEntries((given.adapters ?? []).map((_, at) => [`a${at}`, 0.8 / count])),
    timeout: given.timeoutMs === undefined ? "never" : `${given.timeoutMs}ms`,
    retry: {
      attempts: isRefusedForDays(given) ? 0 : given.attempts,
      backoff: "20ms",
      maxBackoff: "200ms",
    },
  };
}

function prefixesFile({ prefixes: one }: Tenant): object {
  const { systemPrompt, distinctPrompts, conversation } = one;
  return {
    ...(systemPrompt && { systemPrompt }),
    ...(distinctPrompts && { distinctPrompts }),
    ...(conversation && {
      conversation: { turns: conversation.turns, think: `${conversation.thinkMs}ms` },
    }),
  };
}

/** Its retries would come a day or a month later: true to life, and too long for a swarm. */
function isRefusedForDays({ quotas: { maxTokensPerDay, maxSpendMicroUsd } }: Tenant): boolean {
  return maxTokensPerDay !== undefined || maxSpendMicroUsd !== undefined;
}

function arrivalsFile({ arrivals: one }: Tenant): object {
  if ("rate" in one) return { process: one.process, rate: `${one.rate}/s` };
  if ("users" in one) return { process: one.process, users: one.users, think: `${one.thinkMs}ms` };
  return { process: one.process, onRate: `${one.onRate}/s`, meanOn: "200ms", meanOff: "400ms" };
}

/** A replica has one fault of a kind at a time: of those that would overlap, the first of the list. */
function faultFiles(given: Drawn["faults"], pools: readonly Pool[]): object[] {
  const kept: { at: string; fromMs: number; toMs: number }[] = [];
  // A pool must not be lost for good as a whole: only the first fault of the list may be for good.
  return given.flatMap((one, place) => {
    const index = one.pool < pools.length ? one.pool : 0;
    const at = `${one.kind} ${index}/${one.replica % pools[index]!.replicas}`;
    const mine = { at, fromMs: one.atMs, toMs: one.atMs + one.forMs };
    const isTaken = kept.some(
      (other) => other.at === at && other.fromMs < mine.toMs && mine.fromMs < other.toMs,
    );
    if (isTaken) return [];
    kept.push(mine);
    return faultFile(one, pools, place === 0);
  });
}

function faultFile(
  given: Drawn["faults"][number],
  pools: readonly Pool[],
  mayBeForGood: boolean,
): object[] {
  const index = given.pool < pools.length ? given.pool : 0;
  const { replicas, gpusPerNode } = pools[index]!;
  const replica = given.replica % replicas;
  const common = { pool: `pool${index}`, at: `${given.atMs}ms` };
  const lasting = `${given.forMs}ms`;
  if (given.kind === "crash") return [{ crash: { ...common, replica, downFor: lasting } }];
  if (given.kind === "slow") return [{ slow: { ...common, replica, for: lasting, factor: 3 } }];
  if (given.kind === "node") {
    const node = Math.floor(replica / gpusPerNode);
    return [{ node: { ...common, node, downFor: lasting } }];
  }
  if (given.kind === "random") {
    const of = given.replica === 0 ? "node" : "replica";
    return [{ random: { pool: common.pool, of, mtbf: "2s", mttr: lasting } }];
  }
  if (given.forMs % 3 === 0) return [{ lose: { ...common, share: 0.5, for: lasting } }];
  const isForGood = mayBeForGood && given.forMs % 2 === 0 && replica + 1 < replicas;
  return [{ lose: { ...common, replicas: replica + 1, for: isForGood ? "forever" : lasting } }];
}
