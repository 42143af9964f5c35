/**
 * What may change in a platform while it runs, and what may not. Tiers, quotas, weights, prices, shares, policy and isolation
 * settings may, and tenants may be added at the end; what replicas were built from may not, nor may anything move that has a
 * number: requests in flight, adapters and ledgers refer to tenants, tiers and pools by their place.
 */
import type { PlatformConfig, PoolConfig, TenantConfig } from "./config.ts";

/** Why `next` cannot replace `current` without a restart; undefined when it can. */
export function reloadRefusal(current: PlatformConfig, next: PlatformConfig): string | undefined {
  return (
    sameNames("tier", current.tiers, next.tiers.slice(0, current.tiers.length)) ??
    (next.tiers.length > current.tiers.length
      ? `tier '${next.tiers.at(-1)!.name}' is new; adding a tier needs a restart`
      : undefined) ??
    sameNames("pool", current.pools, next.pools.slice(0, current.pools.length)) ??
    (next.pools.length > current.pools.length
      ? `pool '${next.pools.at(-1)!.name}' is new; adding a pool needs a restart`
      : undefined) ??
    sameNames("tenant", current.tenants, next.tenants.slice(0, current.tenants.length)) ??
    firstRefusal(current.tenants, next.tenants, tenantRefusal) ??
    firstRefusal(current.pools, next.pools, poolRefusal)
  );
}

function sameNames(
  what: string,
  current: readonly { readonly name: string }[],
  next: readonly { readonly name: string }[],
): string | undefined {
  for (const [index, { name }] of current.entries()) {
    const other = next[index]?.name;
    if (other === name) continue;
    return `${what} '${name}' is gone or has another place in the file; ${what}s stay while the server runs`;
  }
  return undefined;
}

function firstRefusal<T>(
  current: readonly T[],
  next: readonly T[],
  refusal: (current: T, next: T) => string | undefined,
): string | undefined {
  for (const [index, one] of current.entries()) {
    const found = refusal(one, next[index]!);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What a pool's replicas were built from, and what their time costs. */
const FIXED_IN_POOLS = [
  "tensorParallel",
  "dataParallel",
  "expertParallel",
  "replicas",
  "gpusPerNode",
  "owner",
  "lend",
  "maxNumSeqs",
  "maxNumBatchedTokens",
  "asyncScheduling",
  "kvBlocks",
  "blockTokens",
  "blockBytes",
  "prefixCaching",
  "prefixSharing",
  "adapterBudgetBytes",
  "gpuHourNanoUsd",
  "resumable",
] as const;

function poolRefusal(current: PoolConfig, next: PoolConfig): string | undefined {
  const changed =
    current.model.name !== next.model.name || current.gpu.name !== next.gpu.name
      ? "model or GPU"
      : FIXED_IN_POOLS.find((field) => current[field] !== next[field]);
  if (changed === undefined) return autoscaleRefusal(current, next);
  if (changed === "adapterBudgetBytes" || changed === "kvBlocks") {
    return `pool '${current.name}' would divide its memory anew between KV cache and adapters; that needs a restart, or a fixed adapterMemory`;
  }
  return `pool '${current.name}' would get another ${changed}; that needs a restart`;
}

/** Thresholds and the least number may change; whether a pool scales at all, and how long a boot takes, may not. */
function autoscaleRefusal(current: PoolConfig, next: PoolConfig): string | undefined {
  if ((current.autoscale === undefined) !== (next.autoscale === undefined)) {
    return `pool '${current.name}' would begin or cease to autoscale; that needs a restart`;
  }
  if (current.autoscale?.provisioningDelayNs === next.autoscale?.provisioningDelayNs) {
    return undefined;
  }
  return `pool '${current.name}' would get another provisioningDelay; that needs a restart`;
}

function tenantRefusal(current: TenantConfig, next: TenantConfig): string | undefined {
  const isSame =
    current.adapters.length === next.adapters.length &&
    current.adapters.every((one, index) => {
      const other = next.adapters[index]!;
      return one.name === other.name && one.bytes === other.bytes;
    });
  if (!isSame) return `tenant '${current.name}' would get other adapters; that needs a restart`;
  const isServed = current.pools.every((pool) => next.pools.includes(pool));
  if (!isServed) return `tenant '${current.name}' would lose a pool; that needs a restart`;
  return undefined;
}
