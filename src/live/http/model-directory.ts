/**
 * Which pool, and which adapter, a tenant means by a model's name. A tenant's own pool comes before a shared one with the same
 * model, and its adapters run on the model of its first pool, for which their size was computed. What is not in a
 * tenant's own list does not exist for it, whoever else may have it.
 */
import type { PlatformConfig } from "../../engine/config.ts";

export interface Target {
  readonly pool: number;
  /** Undefined: the base model. */
  readonly adapter: string | undefined;
  readonly adapterIndex: number | undefined;
}

export class ModelDirectory {
  readonly #platform: () => PlatformConfig;
  /** What the tables below were made from: a reload replaces it. */
  #tenants: PlatformConfig["tenants"] | undefined;
  #indices = new Map<string, number>();
  #targets: (ReadonlyMap<string, Target> | undefined)[] = [];

  constructor(platform: () => PlatformConfig) {
    this.#platform = platform;
  }

  /** The tenant's index in the platform; undefined when it has none there. */
  tenantIndex(name: string): number | undefined {
    this.#refresh();
    return this.#indices.get(name);
  }

  /** Everything the tenant may name as its model, base models first. */
  targetsOf(tenant: number): ReadonlyMap<string, Target> {
    this.#refresh();
    return (this.#targets[tenant] ??= targetsOf(this.#platform(), tenant));
  }

  tierOf(tenant: number): string {
    const { tenants, tiers } = this.#platform();
    return tiers[tenants[tenant]!.tier]!.name;
  }

  #refresh(): void {
    const { tenants } = this.#platform();
    if (tenants === this.#tenants) return;
    this.#tenants = tenants;
    this.#indices = new Map(tenants.map(({ name }, index) => [name, index]));
    this.#targets = [];
  }
}

function targetsOf({ tenants, pools }: PlatformConfig, index: number): Map<string, Target> {
  const tenant = tenants[index]!;
  const targets = new Map<string, Target>();
  for (const pool of tenant.pools) {
    const { model, owner } = pools[pool]!;
    if (owner !== index && targets.has(model.name)) continue;
    targets.set(model.name, { pool, adapter: undefined, adapterIndex: undefined });
  }
  const { pool } = targets.get(pools[tenant.pools[0]!]!.model.name)!;
  for (const [adapterIndex, { name }] of tenant.adapters.entries()) {
    if (!targets.has(name)) targets.set(name, { pool, adapter: name, adapterIndex });
  }
  return targets;
}
