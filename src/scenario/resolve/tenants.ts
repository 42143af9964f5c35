/**
 * Tenants in the engine's terms: their tier, the pools that serve them, their quotas, the sizes of their adapters.
 * Pool indices refer to the pools as the file lists them.
 */
import type { QuotaConfig, TenantConfig, TierConfig } from "../../engine/config.ts";
import { adapterBytes } from "../catalogue/adapters.ts";
import { keysAt } from "../plain.ts";
import type { Path } from "../problems.ts";
import type { TenantFile } from "../schema/platform.ts";
import { type Context, indexOfName } from "./context.ts";
import type { PoolHardware } from "./hardware.ts";

/** What one tenant is resolved against. */
interface Scope {
  readonly context: Context;
  readonly tiers: readonly TierConfig[];
  /** By position in the file; undefined where the pool itself was reported. */
  readonly pools: readonly (PoolHardware | undefined)[];
}

/** Resolves every tenant, in the order of the file. */
export function resolveTenants(
  context: Context,
  tiers: readonly TierConfig[],
  hardware: readonly PoolHardware[],
): TenantConfig[] {
  const names = Object.keys(context.file.platform.pools);
  const pools = names.map((name) => hardware.find((one) => one.name === name));
  const scope: Scope = { context, tiers, pools };
  const tenants = Object.entries(context.file.platform.tenants);
  if (tenants.length === 0 && context.report.list.length === 0) {
    context.report.error(["platform", "tenants"], "expected at least one tenant");
  }
  return tenants.map(([name, tenant]) => resolveTenant(scope, name, tenant));
}

function resolveTenant(scope: Scope, name: string, tenant: TenantFile): TenantConfig {
  const { context } = scope;
  const path = ["platform", "tenants", name];
  const tier = indexOfName(
    context,
    { path: [...path, "tier"], what: "tier", name: tenant.tier },
    { usable: scope.tiers.map((one) => one.name), where: ["platform", "tiers"] },
  );
  const pools =
    tenant.pools === undefined
      ? defaultPools(scope, name, tenant)
      : namedPools(scope, name, tenant.pools);
  checkPools(scope, { name, tier: tenant.tier, pools });
  return {
    name,
    tier: tier ?? 0,
    weight: tenant.weight,
    pools,
    quotas: resolveQuotas(tenant.quotas),
    adapters: Object.entries(tenant.adapters).map(([adapter, { rank, size }]) => ({
      name: adapter,
      bytes: size ?? bytesOfRank(scope, pools, rank ?? 0),
    })),
    defaultMaxOutputTokens: tenant.defaultMaxOutputTokens,
  };
}

function namedPools(scope: Scope, tenant: string, given: string | readonly string[]): number[] {
  const { context } = scope;
  const usable = Object.keys(context.file.platform.pools);
  const path = ["platform", "tenants", tenant, "pools"];
  const list = typeof given === "string" ? [given] : given;
  return list.flatMap((name, position) => {
    const at: Path = typeof given === "string" ? path : [...path, position];
    const index = indexOfName(
      context,
      { path: at, what: "pool", name },
      { usable, where: ["platform", "pools"] },
    );
    if (index === undefined) return [];
    const owner = context.file.platform.pools[name]?.dedicatedTo;
    if (owner !== undefined && owner !== tenant) {
      context.report.error(at, `pool '${name}' is dedicated to '${owner}'`);
      return [];
    }
    return [index];
  });
}

/** Its dedicated pools; else the shared pools that guarantee its tier something. */
function defaultPools(scope: Scope, name: string, tenant: TenantFile): number[] {
  const pools = Object.values(scope.context.file.platform.pools);
  const dedicated = indicesWhere(pools, (pool) => pool.dedicatedTo === name);
  if (dedicated.length > 0) return dedicated;
  const weight = scope.tiers.find((tier) => tier.name === tenant.tier)?.weight ?? 0;
  return indicesWhere(pools, (pool) => {
    if (pool.dedicatedTo !== undefined) return false;
    return (pool.tierShares === undefined ? weight : (pool.tierShares[tenant.tier] ?? 0)) > 0;
  });
}

function indicesWhere<T>(items: readonly T[], holds: (item: T) => boolean): number[] {
  return items.flatMap((item, index) => (holds(item) ? [index] : []));
}

function checkPools(
  scope: Scope,
  given: { readonly name: string; readonly tier: string; readonly pools: readonly number[] },
): void {
  const { context } = scope;
  const path = ["platform", "tenants", given.name];
  if (given.pools.length === 0) {
    if (!isReported(scope, given)) {
      const why = `no pool is dedicated to it and no shared pool gives tier '${given.tier}' a share`;
      context.report.error(path, `no pool serves this tenant: ${why}`);
    }
    return;
  }
  const byModel = new Map<string, string>();
  for (const index of given.pools) {
    const hardware = scope.pools[index];
    if (hardware === undefined) continue;
    const other = byModel.get(hardware.model.name);
    if (other !== undefined) {
      const clash = `pools '${other}' and '${hardware.name}' both serve ${hardware.model.name} to this tenant`;
      context.report.error(
        path,
        `${clash}: a request names only its model, so name one pool of each model in pools`,
      );
    }
    byModel.set(hardware.model.name, hardware.name);
    warnOfNoShare(scope, { ...given, hardware });
  }
}

/** Whether something already reported (a tier, a pool) may be the reason that no pool was found. */
function isReported(
  scope: Scope,
  given: { readonly name: string; readonly tier: string },
): boolean {
  const { file, written } = scope.context;
  const isTierKnown = scope.tiers.some((tier) => tier.name === given.tier);
  const isPoolLeftOut =
    keysAt(written, ["platform", "pools"]).length > Object.keys(file.platform.pools).length;
  const tenants = keysAt(written, ["platform", "tenants"]);
  const hasUnknownTier = Object.values(file.platform.pools).some((pool) =>
    Object.keys(pool.tierShares ?? {}).some((tier) => file.platform.tiers[tier] === undefined),
  );
  const isOwnerUnknown = Object.values(file.platform.pools).some(
    (pool) => pool.dedicatedTo !== undefined && !tenants.includes(pool.dedicatedTo),
  );
  return (
    !isTierKnown ||
    isPoolLeftOut ||
    isOwnerUnknown ||
    hasUnknownTier ||
    file.platform.tenants[given.name]?.pools !== undefined
  );
}

function warnOfNoShare(
  scope: Scope,
  given: { readonly name: string; readonly tier: string; readonly hardware: PoolHardware },
): void {
  const { pool, name } = given.hardware;
  const isShared = pool.dedicatedTo === undefined && pool.tierShares !== undefined;
  if (!isShared || (pool.tierShares?.[given.tier] ?? 0) > 0) return;
  const path = ["platform", "tenants", given.name];
  const message = `pool '${name}' guarantees tier '${given.tier}' nothing`;
  if (pool.borrowing)
    scope.context.report.warning(path, `${message}: this tenant lives on what others leave`);
  else
    scope.context.report.error(
      path,
      `${message} and does not lend: this tenant would never be served`,
    );
}

/** An adapter belongs to the model of the tenant's first pool. */
function bytesOfRank(scope: Scope, pools: readonly number[], rank: number): number {
  const model = scope.pools[pools[0] ?? -1]?.model;
  return model === undefined ? 0 : adapterBytes(model, rank);
}

function resolveQuotas(quotas: TenantFile["quotas"]): QuotaConfig {
  return {
    maxQps: quotas.maxQps,
    // One second's worth, so that a client may send a second's requests at once; at least one.
    burst: quotas.burst ?? Math.max(1, Math.ceil(quotas.maxQps)),
    maxConcurrentRequests: quotas.maxConcurrentRequests,
    maxTokensPerDay: quotas.maxTokensPerDay,
    maxTokensPerMinute: quotas.maxTokensPerMinute,
    maxSpendNanoUsdPerMonth: quotas.maxSpendPerMonth,
    maxGpuMemoryBytes: quotas.maxGpuMemory,
    enforcement: quotas.enforcement,
    maxQueuedRequests: quotas.maxQueuedRequests,
  };
}
