/** A table of measured steps to a profile, with where it comes from and how far off it is. */
import type { StepModel } from "../replica/step-model.ts";
import type { Profile, ProfileOrigin } from "../scenario/profile-file.ts";
import { splitRows } from "./errors.ts";
import { fitProfile, profileModel } from "./fit.ts";
import { FAR_OFF } from "./least-squares.ts";
import type { Dropped, MeasuredSteps } from "./read-steps.ts";
import type { StepRow } from "./step-row.ts";

/** What the table does not say itself. */
export interface Given extends Omit<ProfileOrigin, "source"> {
  readonly fileName: string;
  readonly sha256: string;
}

/** Fits a profile to all rows. Fails: ProfileError when they do not make one. */
export function importProfile(steps: MeasuredSteps, given: Given): Profile {
  const { fileName, sha256, ...subject } = given;
  const { profile, cells, measured, notes, farOff } = fitProfile(steps.rows, fileName);
  const leftOut: Dropped[] = [...steps.dropped];
  const [first] = farOff;
  if (first !== undefined) {
    leftOut.push({
      rows: farOff.length,
      firstLine: first.line,
      reason: `more than ${FAR_OFF} times as long as steps like them, or less than 1/${FAR_OFF} of it`,
    });
  }
  const source = {
    file: fileName,
    sha256,
    format: steps.format,
    lines: steps.chosen,
    steps: steps.rows.length - farOff.length,
    leftOut,
  };
  return {
    origin: { ...subject, source },
    steps: profile,
    measured,
    notes: [...steps.notes, ...notes],
    cells,
  };
}

export interface HoldOut {
  readonly share: number;
  readonly seed: number;
}

/**
 * Rows held out by chance, and the model of a profile made from the others. Fails: ProfileError when those are too few.
 */
export function holdOut(
  rows: readonly StepRow[],
  fileName: string,
  { share, seed }: HoldOut,
): { readonly held: readonly StepRow[]; readonly model: StepModel } {
  const { kept, held } = splitRows(rows, share, seed);
  const { profile } = fitProfile(kept, `${fileName} (without the rows held out)`);
  return { held, model: profileModel(profile) };
}
