/**
 * From a sweep's dimensions and points to variants that can be simulated. Every variant is loaded here, before any runs, and all
 * that cannot be are reported at once. A pool's GPUs can be varied though a scenario counts replicas; faults then strike pools
 * of any size, as they do when the smallest platform is searched.
 */
import { createHash } from "node:crypto";
import { ScenarioText } from "../scenario/load.ts";
import { formatPath, formatProblem, type Path } from "../scenario/problems.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { type Place, placeNamed } from "../scenario/short-path.ts";
import { type InputFile, InputFiles } from "./input-files.ts";
import type { ScenarioSource } from "./scenario-source.ts";
import type { Point } from "./sweep-space.ts";
import type { Variant } from "./variant.ts";
import type { Dimension } from "./vary.ts";

export interface SweepVariant {
  /** Of every dimension, as written. */
  readonly point: Point;
  readonly variant: Variant;
  /** Equal for variants that are the same scenario with the same files, however it was written. */
  readonly hash: string;
}

export type SweepVariants =
  | {
      readonly kind: "variants";
      readonly variants: readonly SweepVariant[];
      /** Names of the dimensions that change what is sent, so that variants which differ in them see other arrivals. */
      readonly trafficDimensions: readonly string[];
      /** That any of them reads. */
      readonly files: readonly InputFile[];
    }
  | { readonly kind: "refused"; readonly problems: readonly string[] };

/** What a dimension changes: a value of the file, or how many GPUs a pool has. */
type Target =
  | { readonly kind: "value"; readonly path: string; readonly isTraffic: boolean }
  | { readonly kind: "gpus"; readonly pool: string };

/** The key under which a pool has its GPUs here; the file has replicas and tensorParallel. */
const GPUS = "gpus";
const MOST_REPLICAS = 4096;

export interface SweepPlan {
  readonly dimensions: readonly Dimension[];
  readonly points: readonly Point[];
  /** The overrides with the contents of the files that they name, which are read by whoever may read files. */
  readonly withFiles: (overrides: readonly string[]) => readonly string[];
}

/** Fails: TraceError when a trace that some variant reads cannot be used; as `withFiles` does. */
export function sweepVariants(
  source: ScenarioSource,
  { dimensions, points, withFiles }: SweepPlan,
): SweepVariants {
  const text = new ScenarioText(source.text);
  const targets = targetsOf(text.places(source.overrides), dimensions);
  if (targets.kind === "refused") return targets;
  const files = new InputFiles(source.baseDir);
  const variants: SweepVariant[] = [];
  const problems = new Problems(dimensions);
  for (const point of points) {
    const made = variantAt(point, { text, source, targets: targets.targets, withFiles });
    if (made.kind === "refused") {
      problems.add(point, made.problems);
      continue;
    }
    const { variant, scenario } = made;
    variants.push({ point, variant, hash: hashOf(variant, scenario, files) });
  }
  if (problems.isEmpty) {
    const trafficDimensions = dimensions.flatMap(({ name }, at) => {
      const target = targets.targets[at]!;
      return target.kind === "value" && target.isTraffic ? [name] : [];
    });
    return { kind: "variants", variants, trafficDimensions, files: files.all() };
  }
  return { kind: "refused", problems: problems.told(points.length) };
}

function targetsOf(
  places: readonly Place[],
  dimensions: readonly Dimension[],
):
  | { readonly kind: "targets"; readonly targets: readonly Target[] }
  | { readonly kind: "refused"; readonly problems: readonly string[] } {
  const pools = places.filter(({ path }) => isPool(path));
  const all = [...places, ...pools.map((pool) => ({ ...pool, path: [...pool.path, GPUS] }))];
  const problems: string[] = [];
  const targets: Target[] = [];
  for (const { name, keys } of dimensions) {
    const found = placeNamed(keys, all);
    if (found.kind === "refused") {
      const hint = found.suggestion === undefined ? "" : `; did you mean '${found.suggestion}'?`;
      problems.push(`--vary ${name}: ${found.message}${hint}`);
      continue;
    }
    const { path } = found;
    const refusal = refusalOf(path);
    if (refusal !== undefined) {
      problems.push(`--vary ${name}: ${refusal}`);
      continue;
    }
    const isGpus = path.length === 4 && path.at(-1) === GPUS && isPool(path.slice(0, -1));
    targets.push(
      isGpus
        ? { kind: "gpus", pool: String(path[2]) }
        : { kind: "value", path: formatPath(path), isTraffic: isTraffic(path) },
    );
  }
  return problems.length > 0 ? { kind: "refused", problems } : { kind: "targets", targets };
}

/** Why varying this would change nothing; undefined where it may. */
function refusalOf(path: Path): string | undefined {
  if (path[0] === "plan")
    return "a sweep searches for nothing, so the plan section changes nothing";
  if (formatPath(path) !== "simulation.seed") return undefined;
  return "every variant runs under the same seeds, so that chance does not part them: --seed names the first, --replications how many";
}

/** What is sent, and for how long. */
function isTraffic(path: Path): boolean {
  return path[0] === "workload" || formatPath(path) === "simulation.duration";
}

function isPool([section, pools, ...rest]: Path): boolean {
  return section === "platform" && pools === "pools" && rest.length === 1;
}

interface Making {
  readonly text: ScenarioText;
  readonly source: ScenarioSource;
  readonly targets: readonly Target[];
  readonly withFiles: SweepPlan["withFiles"];
}

type Made =
  | { readonly kind: "made"; readonly variant: Variant; readonly scenario: Scenario }
  | { readonly kind: "refused"; readonly problems: readonly string[] };

function variantAt(point: Point, { text, source, targets, withFiles }: Making): Made {
  const varied = targets.flatMap((target, at) =>
    target.kind === "value" ? [`${target.path}=${point[at]!}`] : [],
  );
  const { fileName } = source;
  const all = [...source.overrides, ...varied];
  const overrides = targets.some(namesFile)
    ? withFiles(all).slice(source.overrides.length)
    : varied;
  const loaded = text.load({ fileName, overrides: [...source.overrides, ...overrides] });
  if (loaded.kind === "invalid") {
    return { kind: "refused", problems: loaded.problems.map(formatProblem) };
  }
  const { scenario } = loaded;
  const sizes = targets.flatMap((target, at) =>
    target.kind === "gpus" ? [replicasOf(scenario, target.pool, point[at]!)] : [],
  );
  const problems = sizes.filter((size) => typeof size === "string");
  if (problems.length > 0) return { kind: "refused", problems };
  const replicas = sizes.filter((size) => typeof size !== "string");
  const variant = { overrides, ...(replicas.length > 0 && { replicas }) };
  return { kind: "made", variant, scenario };
}

/** Whether a value may name a file: a profile of step times, or a model's config.json (scenario/named-files.ts). */
function namesFile(target: Target): boolean {
  return target.kind === "value" && /\.(stepTime|profile|model|config)$/u.test(target.path);
}

/** The pool's index and its replicas with so many GPUs; or why it cannot have as many. */
function replicasOf(
  { platform }: Scenario,
  name: string,
  written: string,
): readonly [pool: number, replicas: number] | string {
  const at = platform.pools.findIndex((pool) => pool.name === name);
  const gpus = Number(written);
  const { tensorParallel, autoscale } = platform.pools[at]!;
  if (autoscale !== undefined) {
    return `pool ${name} scales by itself: vary ${name}.autoscale.max, or take autoscale out`;
  }
  if (!Number.isInteger(gpus) || gpus < 1 || gpus > MOST_REPLICAS * tensorParallel) {
    return `${name}.${GPUS}=${written}: expected a whole number of GPUs from 1 on`;
  }
  if (gpus % tensorParallel !== 0) {
    return `${name}.${GPUS}=${written}: a replica of pool ${name} takes ${tensorParallel} GPUs (tensorParallel), so its GPUs are a multiple of ${tensorParallel}`;
  }
  return [at, gpus / tensorParallel];
}

function hashOf({ replicas }: Variant, scenario: Scenario, files: InputFiles): string {
  const whole = JSON.stringify([scenario.canonicalJson, replicas ?? [], files.of(scenario)]);
  return createHash("sha256").update(whole).digest("hex");
}

/** Kinds of problems told. */
const SHOWN_PROBLEMS = 20;

/** What is wrong with which variants: equal problems of many variants are told once. */
class Problems {
  readonly #dimensions: readonly Dimension[];
  readonly #variants = new Map<string, { first: Point; count: number }>();
  #points = 0;

  constructor(dimensions: readonly Dimension[]) {
    this.#dimensions = dimensions;
  }

  get isEmpty(): boolean {
    return this.#points === 0;
  }

  add(point: Point, problems: readonly string[]): void {
    this.#points += 1;
    for (const problem of problems) {
      const known = this.#variants.get(problem);
      if (known === undefined) this.#variants.set(problem, { first: point, count: 1 });
      else known.count += 1;
    }
  }

  told(points: number): readonly string[] {
    const lines = [...this.#variants].map(([problem, { first, count }]) => {
      const named = this.#dimensions.map(({ name }, at) => `${name}=${first[at]!}`).join(", ");
      return `${problem} (${count === 1 ? `in ${named}` : `in ${count} variants, the first ${named}`})`;
    });
    const shown = lines.slice(0, SHOWN_PROBLEMS);
    const more = lines.length - shown.length;
    return [
      ...shown,
      ...(more > 0 ? [`and ${more} more`] : []),
      `${this.#points} of ${points} variants cannot be simulated; none has been`,
    ];
  }
}
