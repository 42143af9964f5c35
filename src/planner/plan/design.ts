/**
 * The platforms a plan chooses from, sizes aside: every combination of the choices in the scenario's `plan` section, each as
 * changes to the scenario's file. The scenario's own comes first. A combination that cannot be (a model that does not fit its
 * GPUs, a pool that a fault names) is kept with its reason, so that the answer can tell what was ruled out and why.
 */
import type { PoolConfig } from "../../engine/config.ts";
import { ScenarioText } from "../../scenario/load.ts";
import { formatPath, formatProblem } from "../../scenario/problems.ts";
import type { Scenario } from "../../scenario/scenario.ts";
import type { ScenarioSource } from "../scenario-source.ts";

/** A pool whose replicas are searched. */
export interface SizedPool {
  /** Index in the design's scenario. */
  readonly pool: number;
  readonly name: string;
  readonly gpusPerReplica: number;
  readonly nanoUsdPerHour: number;
  readonly least: number;
  readonly most: number;
  /** In the scenario's own file; 1 where it has no such pool. */
  readonly own: number;
}

export interface Design {
  /** What sets it apart; empty for the scenario's own. */
  readonly words: readonly string[];
  /** `path=value`, as --set takes them. */
  readonly overrides: readonly string[];
  readonly scenario: Scenario;
  readonly sized: readonly SizedPool[];
}

export interface RuledOut {
  readonly words: readonly string[];
  readonly reason: string;
}

export interface Designs {
  readonly possible: readonly Design[];
  readonly ruledOut: readonly RuledOut[];
}

/** One choice of one knob: what it changes, and what to call it. */
interface Choice {
  readonly overrides: readonly string[];
  readonly words: string;
}

/** More combinations than this take longer than a plan is worth; assumed. */
export const MOST_DESIGNS = 256;

/** All combinations; how many there are, where they are too many. */
export function designsOf(
  source: ScenarioSource,
  scenario: Scenario,
  mostGpus: number,
): Designs | { readonly tooMany: number } {
  const knobs = knobsOf(scenario);
  const count = knobs.reduce((product, choices) => product * choices.length, 1);
  if (count > MOST_DESIGNS) return { tooMany: count };
  const file = new ScenarioText(source.text);
  const possible: Design[] = [];
  const ruledOut: RuledOut[] = [];
  const seen = new Set<string>();
  for (const choices of combinations(knobs)) {
    const words = choices.map((choice) => choice.words).filter((word) => word !== "");
    const overrides = withoutGone(choices.flatMap((choice) => choice.overrides));
    // What only pools that are gone would have differed in is the same design.
    const key = overrides.join("\n");
    if (seen.has(key)) continue;
    seen.add(key);
    // What a plan may change is asked once; a design without a pool would otherwise name it in vain.
    const all = [...source.overrides, "plan=null", ...overrides];
    const loaded = file.load({ fileName: source.fileName, overrides: all });
    if (loaded.kind === "invalid") {
      const [first] = loaded.problems;
      ruledOut.push({ words, reason: first === undefined ? "" : formatProblem(first) });
      continue;
    }
    const sized = sizedPools(scenario, loaded.scenario, mostGpus);
    possible.push({
      words,
      overrides: ["plan=null", ...overrides],
      scenario: loaded.scenario,
      sized,
    });
  }
  return { possible, ruledOut };
}

/** Without settings of pools that the same design removes. */
function withoutGone(overrides: readonly string[]): string[] {
  const gone = overrides
    .filter((override) => /^platform\.pools\b.*=null$/u.test(override))
    .map((override) => override.slice(0, -"=null".length));
  return overrides.filter((override) => !gone.some((path) => override.startsWith(`${path}.`)));
}

function* combinations(knobs: readonly (readonly Choice[])[]): Generator<Choice[]> {
  const [first, ...rest] = knobs;
  if (first === undefined) {
    yield [];
    return;
  }
  for (const choice of first) {
    for (const others of combinations(rest)) yield [choice, ...others];
  }
}

/** Each knob's choices, the scenario's own first. */
function knobsOf(scenario: Scenario): (readonly Choice[])[] {
  return [
    dedicatedChoices(scenario),
    gpuChoices(scenario),
    perPool(scenario, scenario.plan.tensorParallel, {
      key: "tensorParallel",
      of: ({ tensorParallel }) => tensorParallel,
      words: (value) => `tensor parallel ${value}`,
      isOf: (name) => !isMeasured(scenario, name),
    }),
    lendChoices(scenario),
    policyChoices(scenario),
    weightChoices(scenario),
    perPool(scenario, scenario.plan.maxNumSeqs, {
      key: "maxNumSeqs",
      of: ({ maxNumSeqs }) => maxNumSeqs,
      words: (value) => `${value} sequences`,
    }),
    perPool(scenario, scenario.plan.maxNumBatchedTokens, {
      key: "maxNumBatchedTokens",
      of: ({ maxNumBatchedTokens }) => maxNumBatchedTokens,
      words: (value) => `${value} tokens a step`,
    }),
  ];
}

const AS_IT_IS: Choice = { overrides: [], words: "" };

/** A setting of every pool (or of some) with a list of values to choose from. */
function perPool<Value extends number | boolean>(
  { platform }: Scenario,
  values: readonly Value[] | undefined,
  knob: {
    readonly key: string;
    readonly of: (pool: PoolConfig) => Value;
    readonly words: (value: Value) => string;
    readonly isOf?: (name: string, pool: PoolConfig) => boolean;
  },
): Choice[] {
  const { isOf = () => true } = knob;
  const pools = platform.pools.filter((pool) => isOf(pool.name, pool));
  if (values === undefined || pools.length === 0) return [AS_IT_IS];
  const choices = values.map((value): Choice => {
    const changed = pools.filter((pool) => knob.of(pool) !== value);
    if (changed.length === 0) return AS_IT_IS;
    const overrides = changed.map(({ name }) => set(["platform", "pools", name, knob.key], value));
    return { overrides, words: knob.words(value) };
  });
  return ownFirst(choices);
}

/** Of all dedicated pools; as they are where nothing is said, and both ways. */
function lendChoices(scenario: Scenario): Choice[] {
  const { lend } = scenario.plan;
  const choices = perPool(scenario, lend ?? [true, false], {
    key: "lend",
    of: (pool) => pool.lend,
    words: (value) => (value ? "dedicated pools lend" : "nothing lent"),
    isOf: (_, pool) => pool.owner !== undefined,
  });
  const isOwnMissing = lend === undefined && choices.every(({ words }) => words !== "");
  return isOwnMissing ? [AS_IT_IS, ...choices] : choices;
}

function ownFirst(choices: readonly Choice[]): Choice[] {
  return choices.toSorted((a, b) => Number(a.words !== "") - Number(b.words !== ""));
}

/** One GPU type for all pools, but for those with measured step times, which are those of their GPU. */
function gpuChoices(scenario: Scenario): Choice[] {
  const { platform, plan } = scenario;
  if (plan.gpus === undefined) return [AS_IT_IS];
  const pools = platform.pools.filter(({ name }) => !isMeasured(scenario, name));
  const choices = plan.gpus.map(({ name: gpu, gpuHourNanoUsd }): Choice => {
    const overrides = pools.flatMap((pool) => {
      const at = ["platform", "pools", pool.name];
      const price = set([...at, "gpuHour"], `$${gpuHourNanoUsd / 1e9}/h`);
      return pool.gpu.name === gpu ? [price] : [set([...at, "gpu"], gpu), price];
    });
    const isOwn = pools.every((pool) => pool.gpu.name === gpu);
    return { overrides, words: isOwn ? "" : gpu };
  });
  return ownFirst(choices);
}

function policyChoices({ platform, plan }: Scenario): Choice[] {
  if (plan.policies === undefined) return [AS_IT_IS];
  const { name: own, ...settings } = platform.policy;
  const choices = plan.policies.map((name): Choice => {
    if (name === own) return AS_IT_IS;
    const { inputTokenWeight, outputTokenWeight, maxPreemptions, shareWindowNs } = settings;
    const value = `{ name: ${name}, inputTokenWeight: ${inputTokenWeight}, outputTokenWeight: ${outputTokenWeight}, maxPreemptions: ${maxPreemptions}, shareWindow: ${shareWindowNs / 1e6}ms }`;
    return { overrides: [set(["platform", "policy"], value)], words: name };
  });
  return ownFirst(choices);
}

function weightChoices({ platform, plan }: Scenario): Choice[] {
  if (plan.tierWeights === undefined) return [AS_IT_IS];
  const choices = plan.tierWeights.map((weights): Choice => {
    const changed = platform.tiers.filter(
      ({ name, weight }) => (weights[name] ?? weight) !== weight,
    );
    if (changed.length === 0) return AS_IT_IS;
    const all = platform.tiers.map(({ name, weight }) => weights[name] ?? weight);
    const overrides = changed.map(({ name }) =>
      set(["platform", "tiers", name, "weight"], weights[name]!),
    );
    return { overrides, words: `weights ${all.join("/")}` };
  });
  return ownFirst(choices);
}

/** Whether a dedicated pool could be given up: some shared pool serves its model. */
function dedicatedChoices(scenario: Scenario): Choice[] {
  const { platform, plan } = scenario;
  const dedicated = platform.pools.filter(({ owner }) => owner !== undefined);
  const isShared = dedicated.every((pool) =>
    platform.pools.some(
      ({ owner, model }) =>
        owner === undefined &&
        model.name === pool.model.name &&
        model.precision === pool.model.precision,
    ),
  );
  const wanted = plan.dedicated ?? ["keep", "share"];
  if (dedicated.length === 0 || !isShared) return [AS_IT_IS];
  return wanted.map((choice) => (choice === "keep" ? AS_IT_IS : shareAll(scenario, dedicated)));
}

/** Owners go where everybody of their tier goes, and shared pools guarantee shares by weight. */
function shareAll({ platform }: Scenario, dedicated: readonly PoolConfig[]): Choice {
  const gone = new Set(dedicated.map(({ name }) => name));
  const shared = platform.pools.filter(({ owner }) => owner === undefined);
  return {
    words: "nothing dedicated",
    overrides: [
      ...dedicated.map(({ name }) => set(["platform", "pools", name], null)),
      ...platform.tenants
        .filter(({ pools }) => pools.some((pool) => gone.has(platform.pools[pool]!.name)))
        .map(({ name }) => set(["platform", "tenants", name, "pools"], null)),
      ...shared.map(({ name }) => set(["platform", "pools", name, "tierShares"], null)),
    ],
  };
}

function isMeasured({ canonicalJson }: Scenario, pool: string): boolean {
  const file: { platform: { pools: Record<string, { stepTime?: unknown }> } } =
    JSON.parse(canonicalJson);
  return file.platform.pools[pool]?.stepTime !== undefined;
}

function set(path: readonly string[], value: string | number | boolean | null): string {
  return `${formatPath(path)}=${value}`;
}

/** Every pool that somebody sends to, unless the plan keeps its size. */
function sizedPools(
  base: Scenario,
  { platform, clients }: Scenario,
  mostGpus: number,
): SizedPool[] {
  return platform.pools.flatMap((config, pool): SizedPool[] => {
    const before = base.platform.pools.findIndex(({ name }) => name === config.name);
    const asked = base.plan.sizes.find((size) => size.pool === before);
    const isUsed = clients.some((client) => client.pool === pool) || config.lend;
    if (!isUsed || (asked !== undefined && asked.range === undefined)) return [];
    const { gpusPerReplica, name, gpuHourNanoUsd } = config;
    const affordable = Math.max(1, Math.floor(mostGpus / gpusPerReplica));
    return [
      {
        pool,
        name,
        gpusPerReplica,
        nanoUsdPerHour: gpuHourNanoUsd * gpusPerReplica,
        least: asked?.range?.min ?? 1,
        most: Math.min(affordable, asked?.range?.max ?? affordable),
        own: config.replicas,
      },
    ];
  });
}

/** GPUs and price of the whole platform with these sizes, pools that are not searched included. */
export function priceOf(
  { scenario, sized }: Design,
  sizes: readonly number[],
): { readonly gpus: number; readonly nanoUsdPerHour: number } {
  let gpus = 0;
  let nanoUsdPerHour = 0;
  for (const [index, pool] of scenario.platform.pools.entries()) {
    const at = sized.findIndex((one) => one.pool === index);
    const replicas = at === -1 ? pool.replicas : sizes[at]!;
    gpus += replicas * pool.gpusPerReplica;
    nanoUsdPerHour += replicas * pool.gpusPerReplica * pool.gpuHourNanoUsd;
  }
  return { gpus, nanoUsdPerHour };
}
