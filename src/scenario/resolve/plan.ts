/** The `plan` section, checked against the platform: pools, GPUs and tiers it names. */
import type { PlatformConfig } from "../../engine/config.ts";
import { GPUS } from "../catalogue/gpus.ts";
import type { PlanConfig, PoolSizeConfig } from "../plan-config.ts";
import type { ScenarioFile } from "../schema/file.ts";
import { type Context, indexOfName } from "./context.ts";

/** Of a file without the section. */
const DEFAULT_CONFIDENCE = 0.95;
const NOTHING_ASKED: Partial<NonNullable<ScenarioFile["plan"]>> = {};

export function resolvePlan(context: Context, platform: PlatformConfig): PlanConfig {
  checkNames(context, platform);
  const {
    confidence = DEFAULT_CONFIDENCE,
    growth,
    maxGpus,
    budget,
    gpus,
    ...choices
  } = context.file.plan ?? NOTHING_ASKED;
  return {
    confidence,
    monthlyGrowth: growth,
    mostGpus: maxGpus,
    budgetRequests: budget,
    sizes: sizesOf(context, platform),
    gpus: gpus && Object.entries(gpus).map(([name, gpuHourNanoUsd]) => ({ name, gpuHourNanoUsd })),
    tensorParallel: choices.tensorParallel,
    dedicated: choices.dedicated,
    lend: choices.lend,
    policies: choices.policies,
    tierWeights: choices.tierWeights,
    maxNumSeqs: choices.maxNumSeqs,
    maxNumBatchedTokens: choices.maxNumBatchedTokens,
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
