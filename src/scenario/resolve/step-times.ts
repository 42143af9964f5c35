/**
 * Which step-time model a pool has: its own coefficients, a measured profile, or what its model and GPU are known to do.
 * A profile is of one model on one kind of GPU, and for no other; of batches beyond those measured it warns.
 */
import { affineStepModel } from "../../replica/affine.ts";
import { profiledStepModel } from "../../replica/profiled.ts";
import type { StepModel } from "../../replica/step-model.ts";
import { predictedStepModel } from "../../replica/step-time/predicted.ts";
import { findingsOf, wording } from "../issues.ts";
import { type Profile, profileFile, profileJsonSchema, profileOf } from "../profile-file.ts";
import type { Context } from "./context.ts";
import type { PoolHardware } from "./hardware.ts";

/** Batches may pass what was measured by this much before it is worth a word. */
const MARGIN = 1.05;

/** The model; a profile that was not found is reported. */
export function resolveStepModel(context: Context, hardware: PoolHardware): StepModel {
  const { pool, model, gpu, parallel } = hardware;
  const { stepTime } = pool;
  const known = predictedStepModel({ model, gpu, parallel, maxNumSeqs: pool.maxNumSeqs });
  if (stepTime === undefined) return known;
  if (!("profile" in stepTime)) {
    return affineStepModel({
      fixedPs: stepTime.fixed,
      perSequencePs: stepTime.perSequence,
      perTokenPs: stepTime.perToken,
      contextTokenPs: stepTime.perContextToken,
    });
  }
  const profile = profileIn(context, hardware.name, stepTime.profile);
  if (profile === undefined) return known;
  refuseOthers(context, hardware, profile);
  warnOfRange(context, hardware, profile);
  const path = ["platform", "pools", hardware.name, "stepTime", "profile"];
  for (const note of profile.notes) context.report.warning(path, note);
  const { decodes, contextPerDecode, prefillTokens } = profile.measured;
  const measured = {
    decodes: decodes.most,
    contextPerDecode: contextPerDecode.most,
    prefillTokens: prefillTokens.most,
  };
  // What the times do not say, for utilization: the network is the same one.
  return profiledStepModel(profile.steps, { ...known, measured });
}

/** What a profile file holds; a name is one that whoever read the scenario did not find. */
function profileIn(context: Context, pool: string, given: string | object): Profile | undefined {
  const path = ["platform", "pools", pool, "stepTime", "profile"];
  if (typeof given === "string") {
    const message = `cannot read ${given}: expected a profile file, named relative to the scenario's folder (tenantry profile import writes one)`;
    context.report.error(path, message);
    return undefined;
  }
  const file = profileFile.safeParse(given, { error: wording });
  if (file.success) return profileOf(file.data);
  for (const finding of findingsOf(file.error.issues, given, profileJsonSchema())) {
    context.report.error([...path, ...finding.path], finding.message, finding.suggestion);
  }
  return undefined;
}

/**
 * Times of another model or GPU would be believed without a word, not least where a sweep or a plan changes the pool's: so
 * a profile that says what it is of is used for that alone.
 */
function refuseOthers(context: Context, hardware: PoolHardware, { origin }: Profile): void {
  const { name, model, gpu, parallel } = hardware;
  const { tensorParallel } = parallel;
  const has = { model: model.name, gpu: gpu.name, tensorParallel, precision: model.precision };
  for (const key of ["model", "gpu", "tensorParallel", "precision"] as const) {
    const measured = origin[key];
    if (measured === undefined || measured === has[key]) continue;
    // The same weights by the name of the checkpoint.
    if (measured === "fp8" && has[key] === "w8a16") continue;
    context.report.error(
      ["platform", "pools", name, key],
      `the pool's step times were measured with ${key} ${measured} (${origin.source.file}), and it has ${has[key]}: import a profile of that, leave out stepTime, or take ${key} out of the profile to use it all the same`,
    );
  }
}

function warnOfRange(context: Context, { name, pool }: PoolHardware, { measured }: Profile): void {
  const limits = [
    ["maxNumSeqs", measured.decodes.most, "decoding sequences"],
    ["maxNumBatchedTokens", measured.prefillTokens.most, "prompt tokens"],
  ] as const;
  for (const [key, most, what] of limits) {
    if (pool[key] <= most * MARGIN) continue;
    context.report.warning(
      ["platform", "pools", name, key],
      `steps were measured up to ${most} ${what}, and the pool may run ${pool[key]}: beyond what was measured, times are extrapolated`,
    );
  }
}
