/** The `plan` section, checked against the platform: pools, GPUs and tiers it names. */
import type { PlatformConfig } from "../../engine/config.ts";
import { GPUS } from "../catalogue/gpus.ts";
import type { PlanConfig, PoolSizeConfig } from "../plan-config.ts";
import { type Context, indexOfName } from "./context.ts";

/** Of a file without the section. */
const DEFAULT_CONFIDENCE = 0.95;

export function resolvePlan(context: Context, platform: PlatformConfig): PlanConfig {
  const { plan } = context.file;
  checkNames(context, platform);
  return {
    confidence: plan?.confidence ?? DEFAULT_CONFIDENCE,
    monthlyGrowth: plan?.growth,
    mostGpus: plan?.maxGpus,
    budgetRequests: plan?.budget,
    sizes: sizesOf(context, platform),
    gpus:
      plan?.gpus &&
      Object.entries(plan.gpus).map(([name, gpuHourNanoUsd]) => ({ name, gpuHourNanoUsd })),
    tensorParallel: plan?.tensorParallel,
    dedicated: plan?.dedicated,
    lend: plan?.lend,
    policies: plan?.policies,
    tierWeights: plan?.tierWeights,
    maxNumSeqs: plan?.maxNumSeqs,
    maxNumBatchedTokens: plan?.maxNumBatchedTokens,
  };
}

function sizesOf(context: Context, platform: PlatformConfig): PoolSizeConfig[] {
  return Object.entries(context.file.plan?.pools ?? {}).flatMap(([name, size]) => {
    const pool = indexOfName(
      context,
      { path: ["plan", "pools", name], what: "pool", name },
      { usable: platform.pools.map((one) => one.name), where: ["platform", "pools"] },
    );
    if (pool === undefined) return [];
    const range = size === "keep" ? undefined : { min: size.min, max: size.max };
    return [{ pool, range }];
  });
}

function checkNames(context: Context, platform: PlatformConfig): void {
  const { plan } = context.file;
  const gpus = [...GPUS.keys(), ...Object.keys(context.file.platform.gpus)];
  for (const name of Object.keys(plan?.gpus ?? {})) {
    const reference = { path: ["plan", "gpus", name], what: "GPU", name };
    indexOfName(context, reference, { usable: gpus, where: ["platform", "gpus"] });
  }
  const tiers = platform.tiers.map(({ name }) => name);
  for (const [at, weights] of (plan?.tierWeights ?? []).entries()) {
    for (const name of Object.keys(weights)) {
      const reference = { path: ["plan", "tierWeights", at, name], what: "tier", name };
      indexOfName(context, reference, { usable: tiers, where: ["platform", "tiers"] });
    }
  }
}
