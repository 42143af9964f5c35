/** `tenantry profile import`: a table of measured steps to a profile file, and how far off the profile is. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { gunzipSync } from "node:zlib";
import { type PhaseError, phaseErrors } from "../profile/errors.ts";
import { profileModel } from "../profile/fit.ts";
import { type HoldOut, holdOut, importProfile } from "../profile/import-profile.ts";
import { type MeasuredSteps, readSteps } from "../profile/read-steps.ts";
import type { StepRow } from "../profile/step-row.ts";
import type { StepModel } from "../replica/step-model.ts";
import { rangeSentence } from "../report/profile/forms.ts";
import { errorTable, type ModelErrors } from "../report/profile/tables.ts";
import { formatCount } from "../report/format.ts";
import { GPUS } from "../scenario/catalogue/gpus.ts";
import { modelNamed, MODELS } from "../scenario/catalogue/models.ts";
import { inOrderOfNearness } from "../scenario/nearest.ts";
import { knownStepModel } from "../scenario/catalogue/known-step-model.ts";
import {
  loadProfile,
  type Profile,
  type ProfileOrigin,
  profileText,
} from "../scenario/profile-file.ts";
import { assert } from "../base/assert.ts";
import { EXIT, InputError } from "./exit-codes.ts";
import { printTable, writeFiles } from "./output.ts";
import { reasonOf } from "./read-scenario.ts";
import { type WholeOption, wholeOption } from "./whole-option.ts";

export interface ProfileImportOptions {
  readonly out?: string;
  readonly model?: string;
  readonly gpu?: string;
  readonly tensorParallel?: string;
  readonly precision?: string;
  readonly kvCacheTokens?: string;
  readonly engine?: string;
  readonly date?: string;
  readonly holdout?: string;
  readonly seed?: string;
  readonly skipBadRows?: boolean;
  readonly quiet?: boolean;
}

export const TENSOR_PARALLEL: WholeOption = { name: "--tensor-parallel", least: 1, most: 1024 };
const KV_CACHE_TOKENS: WholeOption = { name: "--kv-cache-tokens", least: 1, most: 2 ** 40 };
const SEED: WholeOption = { name: "--seed", least: 0, most: 2 ** 31 };

/** Runs the command; returns its exit code. */
export function profileImportCommand(path: string, options: ProfileImportOptions): number {
  const fileName = basename(path);
  const bytes = readTable(path);
  const steps = readSteps(bytes.toString("utf8"), {
    fileName,
    wanted: wantedOf(options),
    skipBadRows: options.skipBadRows === true,
    kvCacheTokens: wholeOption(options.kvCacheTokens, KV_CACHE_TOKENS),
  });
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const text = profileText(importProfile(steps, { ...originOf(steps, options), fileName, sha256 }));
  const out =
    options.out ?? `${fileName.replace(/(\.csv|\.log|\.txt)?(\.gz)?$/u, "")}.profile.yaml`;
  // What is written is what will be read: errors are those of the rounded curves.
  const loaded = loadProfile(text, out);
  assert(loaded.kind === "loaded", "a profile as written cannot be read");
  const { profile } = loaded;
  const held = heldOut(steps.rows, fileName, options);
  if (options.quiet === true) warnOfNotes(profile);
  else tell(profile, { steps, held });
  writeFiles(dirname(out), [[basename(out), text]]);
  if (options.quiet !== true) {
    process.stdout.write(
      `\nWrote ${out}. A pool uses it with  stepTime: { profile: ${basename(out)} }\n`,
    );
  }
  return EXIT.fine;
}

/** What is to be known of a profile is never kept back. */
function warnOfNotes({ notes }: Profile): void {
  for (const note of notes) process.stderr.write(`warning: ${note}\n`);
}

function readTable(path: string): Buffer {
  if (!existsSync(path)) throw new InputError(`cannot read ${path}: there is no such file`);
  try {
    const bytes = readFileSync(path);
    return path.endsWith(".gz") ? gunzipSync(bytes) : bytes;
  } catch (error) {
    throw new InputError(`cannot read ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

function wantedOf({ model, gpu, tensorParallel }: ProfileImportOptions) {
  wholeOption(tensorParallel, TENSOR_PARALLEL);
  return { model, gpu, tensorParallel };
}

/** What the profile is of: as the table says, or as was said of it. */
function originOf(
  { subject, named }: MeasuredSteps,
  { precision, engine, date }: ProfileImportOptions,
): Omit<ProfileOrigin, "source"> {
  const tensorParallel = wholeOption(subject.tensorParallel, TENSOR_PARALLEL);
  if (precision !== undefined && !PRECISIONS.includes(precision)) {
    throw new InputError(`--precision ${precision}: expected one of ${PRECISIONS.join(", ")}`);
  }
  const model = named.has("model") ? subject.model : knownModel(subject.model);
  const gpu = named.has("gpu") ? subject.gpu : knownGpu(subject.gpu);
  return { model, gpu, tensorParallel, precision, engine, date };
}

const PRECISIONS: readonly string[] = ["bf16", "fp8", "int4", "mxfp4"];

/** As pools know the model. Fails: InputError on a name that no pool can have but by its own config.json. */
function knownModel(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const known = modelNamed(name);
  if (known !== undefined) return known.shape.name;
  const nearby = inOrderOfNearness(name, [...MODELS.keys()])
    .slice(0, NEAREST_LISTED)
    .join(", ");
  throw new InputError(
    `--model ${name}: the catalogue has no such model; nearest are ${nearby} (leave --model out for one of your own)`,
  );
}

function knownGpu(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  if (GPUS.has(name.toLowerCase())) return name.toLowerCase();
  const nearby = inOrderOfNearness(name, [...GPUS.keys()])
    .slice(0, NEAREST_LISTED)
    .join(", ");
  throw new InputError(
    `--gpu ${name}: the catalogue has no such GPU; nearest are ${nearby} (leave --gpu out for one of your own)`,
  );
}

const NEAREST_LISTED = 5;

interface Held {
  readonly share: number;
  readonly seed: number;
  readonly rows: readonly StepRow[];
  readonly model: StepModel;
}

function heldOut(
  rows: readonly StepRow[],
  fileName: string,
  options: ProfileImportOptions,
): Held | undefined {
  if (options.holdout === undefined) return undefined;
  const how: HoldOut = {
    share: shareOf(options.holdout),
    seed: wholeOption(options.seed, SEED) ?? 1,
  };
  const { held, model } = holdOut(rows, fileName, how);
  return { ...how, rows: held, model };
}

function shareOf(text: string): number {
  const share = text.trim() === "" ? Number.NaN : Number(text);
  if (share > 0 && share < 1) return share;
  throw new InputError(`--holdout ${text}: expected a share between 0 and 1, such as 0.5`);
}

interface Findings {
  readonly steps: MeasuredSteps;
  readonly held: Held | undefined;
}

function tell(profile: Profile, { steps, held }: Findings): void {
  const { source } = profile.origin;
  const physics = physicsOf(profile);
  const lines = [
    `${source.file}: ${formatCount(source.steps)} steps of ${formatCount(source.lines)} lines (${source.format})`,
    ...source.leftOut.map(
      ({ rows, firstLine, reason }) =>
        `  left out ${formatCount(rows)}: ${reason} (first on line ${firstLine})`,
    ),
    rangeSentence(profile),
    ...profile.notes,
    ...(physics.kind === "unknown" ? [physics.reason] : []),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  const own = profileModel(profile.steps);
  const known = physics.kind === "known" ? physics.stepModel : undefined;
  printTable(
    errorTable("Errors on the rows it is made of", sidesOf(own, known, steps.rows)),
    "right",
  );
  if (held === undefined) return;
  const title = `Errors on ${formatCount(held.rows.length)} rows held out (${held.share} of all, seed ${held.seed})`;
  printTable(errorTable(title, sidesOf(held.model, known, held.rows)), "right");
}

function sidesOf(
  own: StepModel,
  known: StepModel | undefined,
  rows: readonly StepRow[],
): readonly ModelErrors[] {
  const errors = (model: StepModel): readonly PhaseError[] =>
    phaseErrors(model, rows, { judge: own, stepsOf: () => 1 });
  return [
    { name: "profile", errors: errors(own) },
    ...(known === undefined ? [] : [{ name: "catalogue", errors: errors(known) }]),
  ];
}

/** What the catalogue predicts for the same hardware, where it was named. */
function physicsOf({ origin }: Profile) {
  const { model, gpu, tensorParallel = 1, precision = "bf16" } = origin;
  if (model === undefined || gpu === undefined) {
    const reason =
      "Name --model and --gpu to see how far off the catalogue's prediction would be on the same steps.";
    return { kind: "unknown", reason } as const;
  }
  return knownStepModel({ model, gpu, tensorParallel, precision });
}
