/**
 * Which tenants have a label value of their own: the first hundred by name, and later newcomers while there is room. All
 * others share one, so that the number of series stays bounded however many tenants there are. A tenant keeps its label for
 * the whole run, so that no counter ever goes back.
 */
import type { PlatformConfig } from "../../engine/config.ts";

/** Prometheus advises against labels of unbounded cardinality; a hundred tenants make some thousands of series. Assumed. */
const MOST_TENANT_LABELS = 100;
const OTHER_TENANTS = "other";

export class TenantLabels {
  readonly #named = new Set<string>();
  #labels: readonly string[] = [];

  constructor(platform: PlatformConfig) {
    this.reloaded(platform);
  }

  reloaded({ tenants }: PlatformConfig): void {
    const names = tenants.map(({ name }) => name);
    for (const name of names.toSorted()) {
      if (this.#named.size < MOST_TENANT_LABELS) this.#named.add(name);
    }
    this.#labels = names.map((name) => (this.#named.has(name) ? name : OTHER_TENANTS));
  }

  of(tenant: number): string {
    return this.#labels[tenant]!;
  }
}
