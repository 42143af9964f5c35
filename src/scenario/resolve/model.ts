/**
 * Which model a pool serves: one of the catalogue, by its name or a Hugging Face repository's, one of the file's own, or
 * a config.json. And how its weights are stored where the pool does not say.
 */
import type { WeightPrecision } from "../../replica/hardware.ts";
import { modelNamed, MODELS } from "../catalogue/models.ts";
import { type ModelShape, readConfig } from "../huggingface/read-config.ts";
import { unknownQuantization } from "../huggingface/quantization.ts";
import { keysAt } from "../plain.ts";
import type { Path } from "../problems.ts";
import type { ModelConfigFile } from "../schema/hardware.ts";
import type { PoolFile } from "../schema/pool.ts";
import { type Context, reportUnknown } from "./context.ts";

export interface PoolModel {
  readonly shape: ModelShape;
  /** Undefined where the checkpoint is stored in a way that has no counterpart here, and was reported. */
  readonly precision: WeightPrecision;
}

/** The model of one pool; undefined where something about it was reported. */
export function resolveModel(
  context: Context,
  pool: string,
  { model, precision }: PoolFile,
): PoolModel | undefined {
  const path = ["platform", "pools", pool, "model"];
  if (typeof model !== "string") {
    const name = model.name ?? pool;
    return fromConfig(context, { name, pool, precision, path: [...path, "config"] }, model.config);
  }
  const own = context.file.platform.models[model];
  if (own !== undefined) {
    const at = ["platform", "models", model, "config"];
    return fromConfig(context, { name: model, pool, precision, path: at }, own.config);
  }
  const known = modelNamed(model);
  if (known !== undefined) {
    return { shape: known.shape, precision: precision ?? known.precision };
  }
  const written = keysAt(context.written, ["platform", "models"]);
  if (!written.includes(model)) {
    reportUnknown(context, { path, what: "model", name: model }, [...MODELS.keys(), ...written]);
  }
  return undefined;
}

function fromConfig(
  context: Context,
  given: {
    readonly name: string;
    readonly pool: string;
    readonly precision: WeightPrecision | undefined;
    readonly path: Path;
  },
  config: ModelConfigFile,
): PoolModel | undefined {
  const { report } = context;
  if (typeof config === "string") {
    const message = `cannot read ${config}: expected a Hugging Face config.json, or the folder that holds it, named relative to the scenario's folder`;
    report.error(given.path, message);
    return undefined;
  }
  const read = readConfig(given.name, config);
  if (read.kind === "unusable") {
    for (const { key, message } of read.problems) {
      report.error(given.path, key === "" ? message : `${key}: ${message}`);
    }
    return undefined;
  }
  for (const note of read.notes) report.warning(given.path, note);
  const precision = given.precision ?? read.precision;
  if (precision !== undefined) return { shape: read.shape, precision };
  report.error(
    ["platform", "pools", given.pool, "precision"],
    unknownQuantization(read.quantization),
  );
  return undefined;
}
