/**
 * What can be tuned without another GPU: policy and its parameters, tier weights, guaranteed shares, lending, limits of a batch.
 * Every knob has a few levels, the file's own among them, in an order in which neighbours do nearly the same.
 */
import type { PoolConfig, TierConfig } from "../../engine/config.ts";
import { formatPath } from "../../scenario/problems.ts";
import type { Scenario } from "../../scenario/scenario.ts";

export interface Knob {
  /** A path of the scenario's file. */
  readonly path: string;
  /** As --set takes them. */
  readonly values: readonly string[];
  /** Index of the file's own value. */
  readonly own: number;
  /** What the file must say before this can be set inside it. */
  readonly before?: string;
}

/** Factors on a weight, and on a share that a tier is guaranteed. Assumed: beyond them, another policy is what is meant. */
const WEIGHT_FACTORS = [0.35, 0.6, 1, 1.7, 2.8];
const SHARE_FACTORS = [0.7, 0.85, 1, 1.15, 1.3];
const WINDOW_FACTORS = [0.25, 0.5, 1, 2, 4];
const PREEMPTIONS = [0, 1, 2, 4, 8];

export function knobsOf(scenario: Scenario): Knob[] {
  const { platform, clients, plan } = scenario;
  const sending = new Set(clients.map(({ tenant }) => platform.tenants[tenant]!.tier));
  const tiers = platform.tiers.filter((_, index) => sending.has(index));
  return [
    ...policyKnobs(scenario),
    // Only proportions matter: the last tier's weight stays.
    ...tiers.slice(0, -1).map(weightKnob),
    ...platform.pools.flatMap((pool) => shareKnobs(scenario, pool)),
    ...platform.pools.flatMap((pool) => lendKnobs(scenario, pool)),
    ...platform.pools.flatMap((pool) => [
      ...listKnob(pool, "maxNumSeqs", plan.maxNumSeqs),
      ...listKnob(pool, "maxNumBatchedTokens", plan.maxNumBatchedTokens),
    ]),
  ].filter(({ values }) => values.length > 1);
}

/** The file may give a policy's name alone: it becomes a map before something inside it is set. */
function policyKnobs({ platform, plan }: Scenario): Knob[] {
  const {
    name: own,
    inputTokenWeight,
    outputTokenWeight,
    maxPreemptions,
    shareWindowNs,
  } = platform.policy;
  const written = (name: string): string =>
    `{ name: ${name}, inputTokenWeight: ${inputTokenWeight}, outputTokenWeight: ${outputTokenWeight}, maxPreemptions: ${maxPreemptions}, shareWindow: ${msText(shareWindowNs)} }`;
  const names = [...new Set([own, ...(plan.policies ?? ["slo-fair"])])];
  const before = `platform.policy=${written(own)}`;
  const windows = WINDOW_FACTORS.map((factor) => msText(shareWindowNs * factor));
  return [
    knob("platform.policy", names.map(written), written(own)),
    {
      ...knob("platform.policy.maxPreemptions", PREEMPTIONS.map(String), String(maxPreemptions)),
      before,
    },
    { ...knob("platform.policy.shareWindow", windows, msText(shareWindowNs)), before },
  ];
}

function msText(ns: number): string {
  return `${ns / 1e6}ms`;
}

function weightKnob({ name, weight }: TierConfig): Knob {
  const path = formatPath(["platform", "tiers", name, "weight"]);
  const values = WEIGHT_FACTORS.map((factor) => rounded(weight * factor));
  return knob(path, values, rounded(weight));
}

/** The share of the pool's first tier that has one; the others' shrink or grow by as much together. */
function shareKnobs({ canonicalJson, platform }: Scenario, pool: PoolConfig): Knob[] {
  const file: { platform: { pools: Record<string, { tierShares?: Record<string, number> }> } } =
    JSON.parse(canonicalJson);
  const shares = file.platform.pools[pool.name]?.tierShares;
  if (shares === undefined) return [];
  const names = platform.tiers.map(({ name }) => name).filter((name) => (shares[name] ?? 0) > 0);
  const [first, ...others] = names;
  const rest = others.reduce((sum, name) => sum + shares[name]!, 0);
  if (first === undefined || rest === 0) return [];
  const total = shares[first]! + rest;
  const written = (share: number): string => {
    const parts = others.map((name) => `${name}: ${(shares[name]! * (total - share)) / rest}`);
    return `{ ${[`${first}: ${share}`, ...parts].join(", ")} }`;
  };
  const values = SHARE_FACTORS.map((factor) => Number((shares[first]! * factor).toPrecision(3)))
    .filter((share) => share < total)
    .map(written);
  const path = formatPath(["platform", "pools", pool.name, "tierShares"]);
  return [knob(path, values, written(shares[first]!))];
}

function lendKnobs({ plan }: Scenario, { name, owner, lend }: PoolConfig): Knob[] {
  if (owner === undefined) return [];
  const values = (plan.lend ?? [true, false]).map(String);
  return [knob(formatPath(["platform", "pools", name, "lend"]), values, String(lend))];
}

function listKnob(
  pool: PoolConfig,
  key: "maxNumSeqs" | "maxNumBatchedTokens",
  values: readonly number[] | undefined,
): Knob[] {
  if (values === undefined) return [];
  const path = formatPath(["platform", "pools", pool.name, key]);
  return [knob(path, values.map(String), String(pool[key]))];
}

function knob(path: string, values: readonly string[], ownValue: string): Omit<Knob, "before"> {
  const all = [...new Set(values.includes(ownValue) ? values : [ownValue, ...values])];
  return { path, values: all, own: all.indexOf(ownValue) };
}

function rounded(weight: number): string {
  return String(Number(weight.toPrecision(2)));
}
