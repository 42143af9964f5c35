/**
 * The platform in the engine's terms: every name an index, every size in base units. Reports whatever does not fit
 * together; its result is only meaningful where nothing was reported.
 */
import type { PlatformConfig, TierConfig } from "../../engine/config.ts";
import { METRICS } from "../schema/platform.ts";
import { keysAt } from "../plain.ts";
import type { ScenarioFile } from "../schema/file.ts";
import type { Context } from "./context.ts";
import { type PoolHardware, resolveHardware } from "./hardware.ts";
import { resolvePool } from "./pools.ts";
import { resolveTenants } from "./tenants.ts";

type TierFile = ScenarioFile["platform"]["tiers"][string];

/** Resolves the `platform` section. */
export function resolvePlatform(context: Context): PlatformConfig {
  const { platform } = context.file;
  const tiers = Object.entries(platform.tiers).map(([name, tier]) => resolveTier(name, tier));
  checkTiers(context, tiers);
  const hardware = resolveAllHardware(context);
  const tenants = resolveTenants(context, tiers, hardware);
  const pools = hardware.flatMap(
    (one) =>
      resolvePool(context, one, { tiers, tenants, tenantNames: Object.keys(platform.tenants) }) ??
      [],
  );
  return {
    policy: platform.policy,
    tiers,
    tenants,
    pools,
    prices: {
      inputTokenNanoUsd: platform.prices.inputTokens,
      cachedInputTokenNanoUsd: platform.prices.cachedInputTokens,
      outputTokenNanoUsd: platform.prices.outputTokens,
      adapterHourNanoUsd: platform.prices.adapterHour,
    },
    isolation: {
      checkEveryNs: platform.isolation.checkEvery,
      victimFactor: platform.isolation.victimFactor,
      mitigate: platform.isolation.mitigate,
      tightenAfterChecks: platform.isolation.tightenAfter,
      relaxAfterChecks: platform.isolation.relaxAfter,
    },
  };
}

function resolveTier(name: string, tier: TierFile): TierConfig {
  const targets = tier.targets.flatMap((target) =>
    METRICS.flatMap((metric) => {
      const limitNs = target[metric];
      return limitNs === undefined ? [] : [{ metric, percentile: target.percentile, limitNs }];
    }),
  );
  return {
    name,
    weight: tier.weight,
    targets,
    objective: tier.objective,
    shedAboveWaitNs: tier.shedAboveWait,
  };
}

function checkTiers(context: Context, tiers: readonly TierConfig[]): void {
  const path = ["platform", "tiers"];
  // Tiers with problems of their own are set aside; what is left says nothing about the whole.
  if (tiers.length < keysAt(context.written, path).length) return;
  if (tiers.length === 0) context.report.error(path, "expected at least one tier");
}

function resolveAllHardware(context: Context): PoolHardware[] {
  return Object.entries(context.file.platform.pools).flatMap(
    ([name, pool]) => resolveHardware(context, name, pool) ?? [],
  );
}
