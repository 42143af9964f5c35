/** A tenant's state in the engine: its configuration, its quotas, and the adapters' platform-wide numbers. */
import type { PlatformConfig, TenantConfig } from "./config.ts";
import { MemoryQuota } from "./memory-quota.ts";
import { TenantQuota } from "./quota/tenant-quota.ts";

export interface TenantState {
  readonly index: number;
  readonly config: TenantConfig;
  readonly quota: TenantQuota;
  readonly memory: MemoryQuota;
  /** Its adapter i is adapter number firstAdapter + i of the platform: what replicas are told. */
  readonly firstAdapter: number;
  adapterHits: number;
  adapterLoads: number;
}

export interface AdapterOwner {
  readonly tenant: number;
  readonly bytes: number;
}

export function createTenants(platform: PlatformConfig): TenantState[] {
  let firstAdapter = 0;
  return platform.tenants.map((config, index) => {
    const state = {
      index,
      config,
      quota: new TenantQuota(config.quotas, platform.prices),
      memory: new MemoryQuota(config.quotas.maxGpuMemoryBytes),
      firstAdapter,
      adapterHits: 0,
      adapterLoads: 0,
    };
    firstAdapter += config.adapters.length;
    return state;
  });
}

/** Whose each of the platform's adapters is, by adapter number. */
export function adapterOwners(tenants: readonly TenantState[]): AdapterOwner[] {
  return tenants.flatMap(({ index, config }) =>
    config.adapters.map(({ bytes }) => ({ tenant: index, bytes })),
  );
}
