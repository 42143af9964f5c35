/**
 * Holds every request against every target of its tier, as it happens: a recent window per tenant and target for alarms,
 * and over the whole run how many completed and how many of those met everything. Latencies follow one set of
 * definitions (latency.ts), shared with everything that reports.
 */
import type { PlatformConfig, SlaTarget } from "../config.ts";
import type { Request } from "../request.ts";
import { latencyNs } from "./latency.ts";
import { SlaWindow } from "./sla-window.ts";

export interface TenantSla {
  readonly targets: readonly SlaTarget[];
  readonly windows: readonly SlaWindow[];
  completed: number;
  /** Completed within every target. */
  met: number;
}

export class SlaMonitor {
  readonly tenants: TenantSla[] = [];
  readonly #platform: PlatformConfig;

  constructor(platform: PlatformConfig) {
    this.#platform = platform;
    this.reloaded();
  }

  /** The platform has changed in place: newcomers, and fresh windows for tenants whose targets are others now. */
  reloaded(): void {
    const { tenants, tiers, isolation } = this.#platform;
    for (const [index, { tier }] of tenants.entries()) {
      const { targets } = tiers[tier]!;
      const known = this.tenants[index];
      if (known !== undefined && isSame(known.targets, targets)) {
        for (const window of known.windows) window.setAlarmFactor(isolation.victimFactor);
        continue;
      }
      const windows = targets.map((target) => new SlaWindow(target, isolation.victimFactor));
      const { completed, met } = known ?? { completed: 0, met: 0 };
      this.tenants[index] = { targets, windows, completed, met };
    }
  }

  /** The request completed at `nowNs`. */
  completed(nowNs: number, request: Request<unknown>): void {
    const tenant = this.tenants[request.tenant]!;
    let isMet = true;
    for (let index = 0; index < tenant.targets.length; index++) {
      const { metric, limitNs } = tenant.targets[index]!;
      const latency = latencyNs(metric, request, nowNs);
      if (latency === undefined) continue;
      tenant.windows[index]!.add(latency);
      if (latency > limitNs) isMet = false;
    }
    tenant.completed += 1;
    if (isMet) tenant.met += 1;
  }
}

function isSame(a: readonly SlaTarget[], b: readonly SlaTarget[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, index) => {
      const other = b[index]!;
      return (
        one.metric === other.metric &&
        one.percentile === other.percentile &&
        one.limitNs === other.limitNs
      );
    })
  );
}
