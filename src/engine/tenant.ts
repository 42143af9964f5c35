/** A tenant's state in the engine: its configuration, its quotas, and the adapters' platform-wide numbers. */
import type { PlatformConfig, PriceConfig, TenantConfig } from "./config.ts";
import { MemoryQuota } from "./memory-quota.ts";
import { TenantQuota } from "./quota/tenant-quota.ts";

export interface TenantState {
  readonly index: number;
  config: TenantConfig;
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
      firstAdapter: this.adapters.length,
      adapterHits: 0,
      adapterLoads: 0,
    });
    for (const { bytes } of config.adapters) this.adapters.push({ tenant: index, bytes });
  }
}
