/** A candidate as a plan's result shows it: pools, price, and the changes to the scenario's file that make it. */
import { formatPath } from "../../scenario/problems.ts";
import type { PlanChange, PlannedPlatform, PlannedPool } from "../../results/plan.ts";
import type { Scenario } from "../../scenario/scenario.ts";
import { type Design, priceOf } from "./design.ts";
import type { Candidate } from "./judge.ts";

export function plannedPlatform(
  base: Scenario,
  candidate: Candidate,
): Omit<PlannedPlatform, "status" | "worst" | "why"> {
  const { design, sizes } = candidate;
  const { gpus, nanoUsdPerHour } = priceOf(design, sizes);
  return {
    gpus,
    usdPerHour: nanoUsdPerHour / 1e9,
    policy: design.scenario.platform.policy.name,
    pools: poolsOf(base, candidate),
    design: design.words,
    changes: changesOf(base, candidate),
  };
}

function poolsOf(base: Scenario, { design, sizes }: Candidate): PlannedPool[] {
  const { platform } = design.scenario;
  return platform.pools.map((pool, index): PlannedPool => {
    const at = design.sized.findIndex((one) => one.pool === index);
    const replicas = at === -1 ? pool.replicas : sizes[at]!;
    const before = base.platform.pools.find(({ name }) => name === pool.name);
    const gpus = replicas * pool.gpusPerReplica;
    const usdPerGpuHour = pool.gpuHourNanoUsd / 1e9;
    return {
      name: pool.name,
      kind: pool.owner === undefined ? "shared" : "dedicated",
      owner: pool.owner === undefined ? null : platform.tenants[pool.owner]!.name,
      model: pool.model.name,
      gpu: pool.gpu.name,
      tensorParallel: pool.tensorParallel,
      gpusPerReplica: pool.gpusPerReplica,
      replicas,
      replicasBefore: before?.replicas ?? null,
      gpus,
      usdPerGpuHour,
      usdPerHour: (gpus * pool.gpuHourNanoUsd) / 1e9,
      lend: pool.lend,
      maxNumSeqs: pool.maxNumSeqs,
      maxNumBatchedTokens: pool.maxNumBatchedTokens,
    };
  });
}

/** The design's changes, and every size that differs from the file's; a pool that scaled gets a fixed size. */
function changesOf(base: Scenario, { design, sizes }: Candidate): PlanChange[] {
  const written = design.overrides
    .map((override) => {
      const at = override.indexOf("=");
      return { path: override.slice(0, at), value: override.slice(at + 1) };
    })
    .filter(({ path }) => path !== "plan");
  const resized = design.sized.flatMap(({ pool, name }, at): PlanChange[] => {
    const before = base.platform.pools.find((one) => one.name === name);
    const path = (key: string): string => formatPath(["platform", "pools", name, key]);
    const scaled = design.scenario.platform.pools[pool]!.autoscale !== undefined;
    const fixed = scaled ? [{ path: path("autoscale"), value: "null" }] : [];
    if (before?.replicas === sizes[at] && !scaled) return [];
    return [...fixed, { path: path("replicas"), value: String(sizes[at]) }];
  });
  return [...written, ...resized];
}

/** What was varied, for the reader of an answer: "replicas of shared: 1 to 64". */
export function variedWords({ plan }: Scenario, designs: readonly Design[]): string[] {
  const sizes = new Map<string, string>();
  for (const { sized } of designs) {
    for (const { name, least, most } of sized) {
      sizes.set(name, `replicas of ${name}: ${least} to ${most}`);
    }
  }
  const isSplit = designs.some(({ words }) => words.includes("nothing dedicated"));
  return [
    ...sizes.values(),
    ...(isSplit ? ["dedicated pools: kept, or shared by all"] : []),
    ...listed(
      "GPU",
      plan.gpus?.map(({ name }) => name),
    ),
    ...listed("GPUs per replica", plan.tensorParallel),
    ...listed(
      "lending",
      plan.lend?.map((lend) => (lend ? "on" : "off")),
    ),
    ...listed("policy", plan.policies),
    ...listed(
      "tier weights",
      plan.tierWeights?.map((weights) => JSON.stringify(weights)),
    ),
    ...listed("sequences in a batch", plan.maxNumSeqs),
    ...listed("tokens in a step", plan.maxNumBatchedTokens),
  ];
}

function listed(what: string, values: readonly unknown[] | undefined): string[] {
  return values === undefined || values.length < 2 ? [] : [`${what}: ${values.join(", ")}`];
}
