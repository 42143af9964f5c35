/**
 * Holds every request against every target of its tier, as it happens: a recent window per tenant and target for alarms,
 * and over the whole run how many completed and how many of those met everything. Latencies follow one set of
 * definitions (latency.ts), shared with everything that reports.
 */
import type { PlatformConfig, SlaTarget } from "../config.ts";
import type { Request } from "../request.ts";
import { latencyNs, meetsTargets } from "./latency.ts";
import { SlaWindow } from "./sla-window.ts";

export interface TenantSla {
  readonly targets: readonly SlaTarget[];
  readonly windows: readonly SlaWindow[];
  completed: number;
  /** Completed within every target. */
  met: number;
}

export class SlaMonitor {
  readonly tenants: readonly TenantSla[];

  constructor(platform: PlatformConfig) {
    this.tenants = platform.tenants.map(({ tier }) => {
      const { targets } = platform.tiers[tier]!;
      const windows = targets.map((t) => new SlaWindow(t, platform.isolation.victimFactor));
      return { targets, windows, completed: 0, met: 0 };
    });
  }

  /** The request completed at `nowNs`. */
  completed(nowNs: number, request: Request<unknown>): void {
    const tenant = this.tenants[request.tenant]!;
    for (let index = 0; index < tenant.targets.length; index++) {
      const target = tenant.targets[index]!;
      const latency = latencyNs(target.metric, request, nowNs);
      if (latency !== undefined) tenant.windows[index]!.add(latency);
    }
    tenant.completed += 1;
    if (meetsTargets(tenant.targets, request, nowNs)) tenant.met += 1;
  }
}
