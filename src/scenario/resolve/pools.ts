/**
 * One pool in the engine's terms: whom it belongs to, what each tier is guaranteed, its memory, its step times.
 */
import type {
  AutoscaleConfig,
  EdgeOverhead,
  PoolConfig,
  TenantConfig,
  TierConfig,
} from "../../engine/config.ts";
import { gpuCount } from "../../replica/hardware.ts";
import type { PoolFile } from "../schema/pool.ts";
import { type Context, indexOfName } from "./context.ts";
import type { PoolHardware } from "./hardware.ts";
import { resolveMemory } from "./memory.ts";
import { resolveStepModel } from "./step-times.ts";

/** Most memory set aside for adapters unless the pool says otherwise: 50 adapters of rank 16 on an 8B model; assumed. */
const MAX_DEFAULT_ADAPTER_BYTES = 4 * 1024 * 1024 * 1024;

/**
 * Before vLLM 0.15.1 on H100: what mean TTFT holds beyond steps, in load tests of nine models of 7B to 109B (`npm run fidelity`
 * fits it: 4.73 ms and 53 us; docs/fidelity.md). BLIS has 46 us per output token. TTFT moves one to one with it.
 */
const VLLM_EDGE: EdgeOverhead = { requestNs: 4_700_000, runningNs: 53_000 };

/** Shares are decimal fractions; their sum may exceed 1 by this much through rounding alone. */
const ROUNDING = 1e-9;

interface Others {
  readonly tiers: readonly TierConfig[];
  readonly tenants: readonly TenantConfig[];
  readonly tenantNames: readonly string[];
}

/** Resolves one pool; undefined where its memory was reported. */
export function resolvePool(
  context: Context,
  hardware: PoolHardware,
  others: Others,
): PoolConfig | undefined {
  const { name, pool, model, gpu } = hardware;
  const owner = ownerOf(context, hardware, others.tenantNames);
  const tierShares = tierSharesOf(context, hardware, others.tiers);
  const adapterBudgetBytes = adapterBudgetOf(context, hardware, others.tenants);
  const memory = resolveMemory(context, hardware, adapterBudgetBytes);
  if (memory === undefined) return undefined;
  if (pool.maxNumBatchedTokens < pool.maxNumSeqs) {
    const message = `expected at least maxNumSeqs, ${pool.maxNumSeqs}: every sequence decodes one token a step`;
    context.report.error(["platform", "pools", name, "maxNumBatchedTokens"], message);
  }
  return {
    name,
    model,
    gpu,
    ...hardware.parallel,
    gpusPerReplica: gpuCount(hardware.parallel),
    replicas: pool.autoscale?.max ?? pool.replicas,
    autoscale: autoscaleOf(context, hardware),
    gpusPerNode: pool.gpusPerNode,
    owner,
    lend: lendOf(context, hardware),
    tierShares,
    borrowing: pool.borrowing,
    stepModel: resolveStepModel(context, hardware),
    maxNumSeqs: pool.maxNumSeqs * pool.dataParallel,
    maxNumBatchedTokens: pool.maxNumBatchedTokens * pool.dataParallel,
    asyncScheduling:
      pool.asyncScheduling ?? (pool.stepTime === undefined || "profile" in pool.stepTime),
    edgeOverhead: edgeOverheadOf(pool),
    kvBlocks: memory.kvBlocks,
    blockTokens: pool.blockSize,
    blockBytes: memory.blockBytes,
    prefixCaching: pool.enablePrefixCaching,
    prefixSharing: pool.prefixSharing,
    adapterBudgetBytes,
    gpuHourNanoUsd: pool.gpuHour ?? context.file.platform.prices.gpuHour,
    resumable: context.file.serve.backend !== "openai",
    idleCost: pool.idleCost,
  };
}

/** When it scales; undefined for a pool of fixed size. */
function autoscaleOf(context: Context, { name, pool }: PoolHardware): AutoscaleConfig | undefined {
  const { autoscale, replicas } = pool;
  if (autoscale === undefined) return undefined;
  const { min, max } = autoscale;
  if (replicas < min || replicas > max) {
    const message = `the pool starts with ${replicas} replicas: expected ${min} to ${max}, as autoscale says`;
    context.report.error(["platform", "pools", name, "replicas"], message);
  }
  if (context.file.serve.backend === "openai") {
    const message =
      "upstream servers cannot be started and stopped from here: leave out autoscale, or serve with backend: paced";
    context.report.error(["platform", "pools", name, "autoscale"], message);
  }
  return {
    min,
    initial: replicas,
    provisioningDelayNs: autoscale.provisioningDelay,
    scaleOutAbove: autoscale.scaleOutAbove,
    scaleOutAfterNs: autoscale.scaleOutAfter,
    scaleInBelow: autoscale.scaleInBelow,
    scaleInAfterNs: autoscale.scaleInAfter,
    cooldownNs: autoscale.cooldown,
    smoothingNs: autoscale.smoothing,
  };
}

function ownerOf(
  context: Context,
  hardware: PoolHardware,
  tenantNames: readonly string[],
): number | undefined {
  const { dedicatedTo } = hardware.pool;
  if (dedicatedTo === undefined) return undefined;
  const path = ["platform", "pools", hardware.name, "dedicatedTo"];
  return indexOfName(
    context,
    { path, what: "tenant", name: dedicatedTo },
    { usable: tenantNames, where: ["platform", "tenants"] },
  );
}

function lendOf(context: Context, { name, pool }: PoolHardware): boolean {
  if (pool.lend && pool.dedicatedTo === undefined) {
    const message =
      "only a dedicated pool can lend: a shared one is open to its tiers anyway (borrowing)";
    context.report.error(["platform", "pools", name, "lend"], message);
  }
  return pool.lend && context.file.serve.backend !== "openai";
}

/** What each tier is guaranteed; by weight where the pool does not say. */
function tierSharesOf(
  context: Context,
  hardware: PoolHardware,
  tiers: readonly TierConfig[],
): number[] {
  const { pool, name } = hardware;
  const path = ["platform", "pools", name, "tierShares"];
  if (pool.dedicatedTo !== undefined) {
    if (pool.tierShares !== undefined) {
      context.report.error(path, "a dedicated pool has no tier shares: all of it is its tenant's");
    }
    return tiers.map(() => 0);
  }
  const names = tiers.map((tier) => tier.name);
  for (const tier of Object.keys(pool.tierShares ?? {})) {
    const reference = { path: [...path, tier], what: "tier", name: tier };
    indexOfName(context, reference, { usable: names, where: ["platform", "tiers"] });
  }
  const shares = writtenOrByWeight(pool, tiers);
  const sum = shares.reduce((total, share) => total + share, 0);
  if (sum > 1 + ROUNDING) {
    const percent = Number((sum * 100).toPrecision(6));
    context.report.error(path, `the shares add up to ${percent}%: expected at most 100%`);
  }
  return sum > 1 ? shares.map((share) => (share * (1 - ROUNDING)) / sum) : shares;
}

function writtenOrByWeight(pool: PoolFile, tiers: readonly TierConfig[]): number[] {
  const written = pool.tierShares;
  if (written !== undefined) return tiers.map((tier) => written[tier.name] ?? 0);
  const total = tiers.reduce((sum, tier) => sum + tier.weight, 0);
  return tiers.map((tier) => (total === 0 ? 0 : tier.weight / total));
}

/** Room for adapters: as written, or for all adapters of the tenants served, within reason. */
function adapterBudgetOf(
  context: Context,
  hardware: PoolHardware,
  tenants: readonly TenantConfig[],
): number {
  const { name, pool } = hardware;
  const index = Object.keys(context.file.platform.pools).indexOf(name);
  const served = tenants.filter((tenant) => tenant.pools.includes(index));
  const adapters = served.flatMap((tenant) =>
    tenant.adapters.map((adapter) => ({ tenant, adapter })),
  );
  // Whom a pool lends to brings adapters along.
  const visitors = pool.lend ? tenants.filter((tenant) => !served.includes(tenant)) : [];
  const allBytes = [
    ...adapters.map(({ adapter }) => adapter),
    ...visitors.flatMap((one) => one.adapters),
  ].reduce((sum, { bytes }) => sum + bytes, 0);
  const budget = pool.adapterMemory ?? Math.min(allBytes, MAX_DEFAULT_ADAPTER_BYTES);
  for (const { tenant, adapter } of adapters) {
    if (adapter.bytes <= budget) continue;
    const sizes = `needs ${mib(adapter.bytes)} and pool '${name}' sets ${mib(budget)} aside`;
    context.report.error(
      ["platform", "tenants", tenant.name, "adapters", adapter.name],
      `the adapter ${sizes} on each replica: raise its adapterMemory`,
    );
  }
  return budget;
}

/** A predicted engine is one like those measured; where step times are given, so is what is beside them. */
function edgeOverheadOf({ edgeOverhead, stepTime }: PoolFile): EdgeOverhead {
  if (edgeOverhead !== undefined) {
    return { requestNs: edgeOverhead.request, runningNs: edgeOverhead.running };
  }
  return stepTime === undefined ? VLLM_EDGE : { requestNs: 0, runningNs: 0 };
}

function mib(bytes: number): string {
  return `${(bytes / (1024 * 1024)).toFixed(1)} MiB`;
}
