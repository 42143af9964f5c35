/** `tenantry profile show`: a profile's curves beside what was measured and what the catalogue predicts. */
import { join } from "node:path";
import { type ProfileView, viewOf } from "../profile/view.ts";
import {
  headlineOf,
  nameOf,
  profileHtml,
  profileMarkdown,
  rangeSentence,
  slopesSentence,
} from "../report/profile/forms.ts";
import { errorTable } from "../report/profile/tables.ts";
import { knownStepModel } from "../scenario/catalogue/known-step-model.ts";
import type { StepModel } from "../replica/step-model.ts";
import type { Profile } from "../scenario/profile-file.ts";
import { EXIT, InputError } from "./exit-codes.ts";
import { prepareFolder, printTable, slug, writeFiles } from "./output.ts";
import { packageVersion, vegaRuntime } from "./package-info.ts";
import { TENSOR_PARALLEL } from "./profile-import.ts";
import { readProfile } from "./read-scenario.ts";
import { wholeOption } from "./whole-option.ts";

export interface ProfileShowOptions {
  readonly model?: string;
  readonly gpu?: string;
  readonly tensorParallel?: string;
  readonly precision?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Runs the command; returns its exit code. */
export function profileShowCommand(path: string, options: ProfileShowOptions): number {
  const { profile } = readProfile(path);
  const { catalogue, beside } = besideOf(profile, options);
  const folder =
    options.out ??
    (options.json === true ? undefined : join("out", `${slug(nameOf(profile))}-profile`));
  if (folder !== undefined) prepareFolder(folder);
  const view = viewOf(profile, catalogue);
  const json = `${JSON.stringify({ ...view, beside }, undefined, 2)}\n`;
  if (options.json === true) process.stdout.write(json);
  else if (options.quiet !== true) print(profile, view, beside);
  if (folder === undefined) return EXIT.fine;
  const shown = { profile, view, beside, tenantryVersion: packageVersion() };
  const page = "profile.html";
  writeFiles(folder, [
    ["profile.json", json],
    ["profile.md", profileMarkdown(shown)],
    [page, profileHtml(shown, vegaRuntime())],
  ]);
  if (options.quiet !== true && options.json !== true) {
    process.stdout.write(`Open ${join(folder, page)}\n`);
  }
  return EXIT.fine;
}

/**
 * The catalogue's model of the profile's hardware, or of what the options name instead. Fails: InputError when an option
 * names what the catalogue does not know; a name in the profile may be anybody's.
 */
function besideOf(
  { origin }: Profile,
  options: ProfileShowOptions,
): { readonly catalogue?: StepModel; readonly beside: string } {
  const model = options.model ?? origin.model;
  const gpu = options.gpu ?? origin.gpu;
  if (model === undefined || gpu === undefined) {
    const missing = model === undefined ? "--model" : "--gpu";
    return {
      beside: `The profile does not say what it is of: name ${missing} to see the catalogue's prediction beside it.`,
    };
  }
  const tensorParallel =
    wholeOption(options.tensorParallel, TENSOR_PARALLEL) ?? origin.tensorParallel ?? 1;
  const precision = options.precision ?? origin.precision ?? "bf16";
  const known = knownStepModel({ model, gpu, tensorParallel, precision });
  if (known.kind === "known") {
    const beside = `Catalogue: what Tenantry predicts, without any measurement of it, for ${model} (${precision}) on ${tensorParallel} x ${gpu}.`;
    return { catalogue: known.stepModel, beside };
  }
  if ([options.model, options.gpu, options.precision].some((option) => option !== undefined)) {
    throw new InputError(known.reason);
  }
  return { beside: `There is no prediction beside it: ${known.reason}` };
}

function print(profile: Profile, view: ProfileView, beside: string): void {
  const lines = [
    nameOf(profile),
    headlineOf(view),
    rangeSentence(profile),
    slopesSentence(profile),
  ];
  process.stdout.write(`\n${[...lines, ...profile.notes, beside].join("\n")}\n`);
  const sides = view.models.map((name, at) => ({ name, errors: view.errors[at] ?? [] }));
  printTable(errorTable("Errors by phase, over medians of like steps", sides), "right");
  process.stdout.write("\n");
}
