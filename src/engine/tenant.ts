/** A tenant's state in the engine: its configuration, its quotas, and the adapters' platform-wide numbers. */
import { PrefixHits } from "./allocation/prefix-hits.ts";
import type { PrefixKey } from "../replica/prefix-key.ts";
import type { PlatformConfig, PoolConfig, PriceConfig, TenantConfig } from "./config.ts";
import { MemoryQuota } from "./memory-quota.ts";
import { TenantQuota } from "./quota/tenant-quota.ts";
import type { Submission } from "./request.ts";

export interface TenantState {
  readonly index: number;
  config: TenantConfig;
  readonly quota: TenantQuota;
  readonly memory: MemoryQuota;
  readonly prefixHits: PrefixHits;
  /** Its adapter i is adapter number firstAdapter + i of the platform: what replicas are told. */
  readonly firstAdapter: number;
  adapterHits: number;
  adapterLoads: number;
}

export interface AdapterOwner {
  readonly tenant: number;
  readonly bytes: number;
}

/** Tenants and adapters of a platform, in the order of their numbers; both only ever get longer. */
export class Tenants {
  readonly list: TenantState[] = [];
  /** Whose each of the platform's adapters is, by adapter number. */
  readonly adapters: AdapterOwner[] = [];

  constructor(platform: PlatformConfig) {
    this.update(platform);
  }

  /** Takes over the platform's tenants: new limits for those known, and newcomers at the end. */
  update({ tenants, prices }: PlatformConfig): void {
    for (const [index, config] of tenants.entries()) {
      const state = this.list[index];
      if (state === undefined) {
        this.#add(config, prices);
        continue;
      }
      state.config = config;
      state.quota.reconfigure(config.quotas, prices);
      state.memory.limitBytes = config.quotas.maxGpuMemoryBytes;
    }
  }

  #add(config: TenantConfig, prices: PriceConfig): void {
    const index = this.list.length;
    this.list.push({
      index,
      config,
      quota: new TenantQuota(config.quotas, prices),
      memory: new MemoryQuota(config.quotas.maxGpuMemoryBytes),
      prefixHits: new PrefixHits(),
      firstAdapter: this.adapters.length,
      adapterHits: 0,
      adapterLoads: 0,
    });
    for (const { bytes } of config.adapters) this.adapters.push({ tenant: index, bytes });
  }
}

/**
 * The identity of a submission's prompt in its pool's prefix caches. Keys and values depend on the adapter, and an adapter
 * is one tenant's; on the base model tenants are kept apart unless the pool lets them share. Salts: from 0 an adapter, odd
 * below 0 a tenant, even below 0 a pool.
 */
export function prefixKeyOf(
  { segments, adapter, pool }: Submission<unknown>,
  { index, firstAdapter }: TenantState,
  { prefixCaching, prefixSharing }: PoolConfig,
): PrefixKey | undefined {
  if (!prefixCaching || segments === undefined) return undefined;
  if (adapter !== undefined) return { salt: firstAdapter + adapter, segments };
  // A borrowed replica serves requests of several pools: those that share within one share with no other.
  return { salt: prefixSharing === "pool" ? -2 * pool - 2 : -2 * index - 1, segments };
}

/** Whether other tenants find it too: what is bound for one may then let another's head be placed. */
export function isSharedByTenants(prefix: PrefixKey | undefined): boolean {
  return prefix !== undefined && prefix.salt < 0 && prefix.salt % 2 === 0;
}
