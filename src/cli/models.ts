/** `tenantry models`: what is known of models, and on how many of which GPUs they fit. */
import { existsSync } from "node:fs";
import type { ModelSpec, Precision, WeightPrecision } from "../replica/hardware.ts";
import { kvBytesPerToken } from "../replica/kv-size.ts";
import { activeParameterCount, parameterCount, weightBytes } from "../replica/weights.ts";
import { formatCount, formatNumber } from "../report/format.ts";
import { type ModelEntry, modelNamed, MODELS } from "../scenario/catalogue/models.ts";
import { type ModelShape, readConfig } from "../scenario/huggingface/read-config.ts";
import { unknownQuantization } from "../scenario/huggingface/quantization.ts";
import { precisionProblem } from "../scenario/resolve/precision.ts";
import { inOrderOfNearness } from "../scenario/nearest.ts";
import { EXIT, InputError } from "./exit-codes.ts";
import { type Fact, printFacts } from "./facts.ts";
import type { FitOptions } from "./fit-options.ts";
import { fitsJson, printFitOf, printFits } from "./model-fit.ts";
import { modelConfigIn } from "./named-contents.ts";
import { printTable } from "./output.ts";
import { readText } from "./read-scenario.ts";

export interface ModelsOptions extends FitOptions {
  readonly gpu?: string;
  readonly precision?: string;
  readonly kvCacheDtype?: string;
  readonly json?: boolean;
}

/** A model as asked for: what is known of it, and how its weights and cache are kept. */
export interface WantedModel {
  readonly spec: ModelSpec;
  /** Undefined for a config.json of the user's own. */
  readonly entry: ModelEntry | undefined;
}

const GIB = 1024 * 1024 * 1024;
const KIB = 1024;
const BILLION = 1e9;
const WEIGHT_PRECISIONS: readonly WeightPrecision[] = ["bf16", "fp8", "int4", "mxfp4"];
const KV_PRECISIONS: readonly Precision[] = ["bf16", "fp8"];
const NEAREST_LISTED = 5;

/** Runs the command; returns its exit code. */
export function modelsCommand(name: string | undefined, options: ModelsOptions): number {
  if (name === undefined) {
    if (options.gpu !== undefined) throw new InputError("--gpu: name a model too");
    listAll(options.json === true);
    return EXIT.fine;
  }
  const wanted = modelCalled(name, options);
  if (options.json === true) {
    const fits = fitsJson(wanted.spec, options.gpu, options);
    process.stdout.write(`${JSON.stringify({ ...factsJson(wanted), fits }, undefined, 2)}\n`);
    return EXIT.fine;
  }
  if (options.gpu !== undefined) printFitOf(wanted.spec, options.gpu, options);
  else {
    printFacts(wanted.spec.name, factsOf(wanted));
    printFits(wanted.spec, options);
  }
  return EXIT.fine;
}

/** By name, by repository, or from a file. Fails: InputError with the nearest names where there is none. */
function modelCalled(name: string, options: ModelsOptions): WantedModel {
  const kvPrecision = oneOf(options.kvCacheDtype, KV_PRECISIONS, "--kv-cache-dtype") ?? "bf16";
  const asked = oneOf(options.precision, WEIGHT_PRECISIONS, "--precision");
  const known = modelNamed(name);
  if (known !== undefined) {
    const precision = asked ?? known.precision;
    return { spec: specOf(known.shape, precision, kvPrecision), entry: known.entry };
  }
  if (!existsSync(name)) {
    const nearby = inOrderOfNearness(name, [...MODELS.keys()]).slice(0, NEAREST_LISTED);
    throw new InputError(
      `unknown model '${name}', and no such file: nearest of ${MODELS.size} known are ${nearby.join(", ")} (tenantry models lists all)`,
    );
  }
  const { config, ownName } = modelConfigIn(name, readText);
  const read = readConfig(ownName, config);
  if (read.kind !== "model") throw new InputError(`${name}: not a model`);
  for (const note of read.notes) process.stderr.write(`note: ${note}\n`);
  const precision = asked ?? read.precision;
  if (precision === undefined) {
    throw new InputError(`${name}: ${unknownQuantization(read.quantization)} with --precision`);
  }
  return { spec: specOf(read.shape, precision, kvPrecision), entry: undefined };
}

/** Fails: InputError where weights of this model cannot be stored so. */
function specOf(shape: ModelShape, precision: WeightPrecision, kvPrecision: Precision): ModelSpec {
  const problem = precisionProblem(shape, precision);
  if (problem !== undefined) throw new InputError(`--precision ${precision}: ${problem}`);
  return { ...shape, precision, kvPrecision };
}

function oneOf<T extends string>(
  value: string | undefined,
  known: readonly T[],
  option: string,
): T | undefined {
  if (value === undefined) return undefined;
  const found = known.find((one) => one === value);
  if (found !== undefined) return found;
  throw new InputError(`${option} ${value}: expected one of ${known.join(", ")}`);
}

function listAll(asJson: boolean): void {
  const all = [...MODELS.values()].map((entry) => {
    const precision = entry.checkpoints[0]![1];
    return { spec: { ...entry.shape, precision, kvPrecision: "bf16" as const }, entry };
  });
  if (asJson) {
    process.stdout.write(`${JSON.stringify(all.map(factsJson), undefined, 2)}\n`);
    return;
  }
  const head = ["Model", "Total", "Active", "Attention", "KV/token", "Context", "Ships as"];
  const rows = all.map(({ spec }) => [
    spec.name,
    billions(parameterCount(spec)),
    spec.feedForward.mixture === undefined ? "" : billions(activeParameterCount(spec)),
    attentionInShort(spec),
    `${formatNumber(kvBytesPerToken(spec) / KIB, 3)} KiB`,
    formatCount(spec.maxContextTokens),
    spec.precision,
  ]);
  printTable(
    { title: "Parameters in billions, all and per token of mixtures", head, rows },
    "right",
  );
  process.stdout.write("\nSources, checkpoints and where a model fits: tenantry models <model>.\n");
}

function factsOf({ spec, entry }: WantedModel): readonly Fact[] {
  const { mixture } = spec.feedForward;
  const precisions = [...new Set([spec.precision, "bf16", "fp8"] as const)];
  const weights = precisions.map(
    (precision) =>
      `${formatNumber(weightBytes({ ...spec, precision }) / GIB, 3)} GiB in ${precision}`,
  );
  const published = entry === undefined ? "" : ` (published: ${entry.published.join(" and ")})`;
  const active =
    mixture === undefined ? "" : `, ${billions(activeParameterCount(spec))} billion per token`;
  return [
    ["Parameters", `${billions(parameterCount(spec))} billion${active}${published}`],
    ["Layers", `${spec.layers}, ${formatCount(spec.hiddenSize)} wide`],
    ["Attention", attentionInFull(spec)],
    ["Feed-forward", feedForwardInFull(spec)],
    [
      "Vocabulary",
      `${formatCount(spec.vocabulary)}${spec.tiedEmbeddings ? ", one matrix in and out" : ""}`,
    ],
    ["Context", `${formatCount(spec.maxContextTokens)} tokens`],
    [
      "KV cache",
      `${formatNumber(kvBytesPerToken(spec) / KIB, 4)} KiB per token in ${spec.kvPrecision}`,
    ],
    ["Weights", weights.join(", ")],
    ...(entry === undefined ? [] : checkpointFacts(entry)),
  ];
}

function checkpointFacts({ checkpoints, source }: ModelEntry): readonly Fact[] {
  const ids = checkpoints.map(([id, precision]) => `${id} (${precision})`);
  return [
    ["Checkpoints", ids.join(", ")],
    ["Source", source],
  ];
}

function factsJson({ spec, entry }: WantedModel): object {
  const { name, precision, kvPrecision, ...shape } = spec;
  return {
    name,
    source: entry?.source,
    checkpoints: entry?.checkpoints.map(([id, stored]) => ({ id, precision: stored })),
    publishedBillions: entry?.published,
    parameters: parameterCount(spec),
    activeParameters: activeParameterCount(spec),
    precision,
    weightBytes: weightBytes(spec),
    kvBytesPerToken: kvBytesPerToken(spec),
    kvPrecision,
    shape: shape satisfies Omit<ModelShape, "name">,
  };
}

function attentionInShort({ attention }: ModelSpec): string {
  if (attention.kind === "latent") return `latent ${attention.kvLoraRank}`;
  const heads = `${attention.heads}/${attention.kvHeads}`;
  return attention.window === undefined ? heads : `${heads} w${attention.window.tokens}`;
}

function attentionInFull({ attention, layers }: ModelSpec): string {
  if (attention.kind === "latent") {
    const { heads, kvLoraRank, ropeHeadSize } = attention;
    return `${heads} heads, latent: ${kvLoraRank} + ${ropeHeadSize} values cached per token and layer`;
  }
  const { heads, kvHeads, headSize, window } = attention;
  const base = `${heads} query and ${kvHeads} key-value heads of ${headSize}`;
  return window === undefined
    ? base
    : `${base}; ${window.layers} of ${layers} layers look back ${formatCount(window.tokens)} tokens`;
}

function feedForwardInFull({ feedForward, layers }: ModelSpec): string {
  const { size, mixture } = feedForward;
  if (mixture === undefined) return `${formatCount(size)} wide`;
  const { experts, expertsPerToken, expertSize, sharedSize } = mixture;
  const shared = sharedSize === 0 ? "" : `, ${formatCount(sharedSize)} shared by all`;
  const dense = layers - mixture.layers;
  const rest = dense === 0 ? "" : `; ${dense} dense layers ${formatCount(size)} wide`;
  return `${expertsPerToken} of ${experts} experts ${formatCount(expertSize)} wide${shared}${rest}`;
}

function billions(count: number): string {
  return formatNumber(count / BILLION, 3);
}
