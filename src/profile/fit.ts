/**
 * Measured steps to a profile. Decoding comes first, from steps that only decode; then what prompt chunks add, from all
 * others. Errors count relative to a step's time, robustly, and steps that are all prompt count as much as mixed ones
 * however many there are of each.
 */
import { profiledStepModel, type StepProfile } from "../replica/profiled.ts";
import type { StepModel } from "../replica/step-model.ts";
import type { MeasuredRange, Range } from "../scenario/profile-file.ts";
import { type Cell, gather, trust } from "./cells.ts";
import { checkFalls, checkFarOff, checkRows } from "./checks.ts";
import { checkGrowth, gapNotes } from "./gaps.ts";
import { alongPieces, curveOf, piecesFor } from "./curve-fit.ts";
import { dot, ownShare, type Problem, robustFit } from "./least-squares.ts";
import { ProfileError } from "./profile-error.ts";
import { phaseOf, type StepRow } from "./step-row.ts";

export interface FittedProfile {
  readonly profile: StepProfile;
  readonly cells: readonly Cell[];
  readonly measured: MeasuredRange;
  /** Steps whose times were left out, because they are far off all others'. */
  readonly farOff: readonly StepRow[];
  /** What a user should know about it, in sentences. */
  readonly notes: readonly string[];
}

/** Where a decode curve may bend: vLLM pads batches to these sizes, first 1, 2, 4 and then multiples of 8. */
const DECODE_BENDS = [2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024];
/**
 * Where a prefill curve may bend. Dense layers are bound by compute from 300 to 1,000 tokens on (H100: 295 FLOP per byte),
 * so beyond 2,048 tokens the curve is straight, and what still bends upwards is attention, which has a term of its own.
 */
const PREFILL_BENDS = [16, 32, 64, 128, 256, 512, 1024, 2048];
/** Of a column's length that must be its own, or its slope would be noise: context that varies by 2 % is constant. */
const LEAST_OWN_SHARE = 0.02;
const PS_PER_MS = 1e9;
const FIGURES = { flopsPerToken: 0, weightBytesPerStep: 0, contextTokenBytes: 0 };

/** Fits the profile. Fails: ProfileError when the steps cannot tell what a profile has to say. */
export function fitProfile(rows: readonly StepRow[], fileName: string): FittedProfile {
  checkRows(rows, fileName);
  const cells = gather(rows);
  const decodeCells = cells.filter((cell) => phaseOf(cell) === "decode");
  const promptCells = cells.filter((cell) => phaseOf(cell) !== "decode");
  const measured = rangesOf(rows);
  const decode = fitDecode(decodeCells, measured.decodes, fileName);
  const prefill = fitPrefill(promptCells, measured.prefillTokens, decode.ms);
  const profile: StepProfile = {
    decode: decode.curve,
    contextTokenPs: Math.round(decode.contextTokenMs * PS_PER_MS),
    ...prefill.profile,
  };
  const model = profileModel(profile);
  const falls = checkFalls(cells, model, fileName);
  const farOff = checkFarOff(rows, model, fileName);
  checkGrowth(cells, fileName);
  return {
    profile,
    cells,
    measured,
    farOff,
    notes: [...gapNotes(cells), ...decode.notes, ...prefill.notes, ...falls],
  };
}

/** The model of a profile, for its times alone. */
export function profileModel(profile: StepProfile): StepModel {
  return profiledStepModel(profile, FIGURES);
}

function fitDecode(cells: readonly Cell[], measured: Range, fileName: string) {
  const starts = piecesFor(
    cells.map(({ decodes }) => decodes),
    measured,
    DECODE_BENDS,
  );
  const features = (row: StepRow): number[] => [
    1,
    ...alongPieces(row.decodes, starts),
    row.contextTokens,
  ];
  const problem: Problem = {
    features: cells.map(features),
    targets: cells.map(({ ms }) => ms),
    scales: cells.map(({ ms }) => ms),
    weights: cells.map(trust),
  };
  const last = starts.length + 1;
  if (ownShare(problem, last) < LEAST_OWN_SHARE)
    throw new ProfileError(sameContext(cells, fileName));
  const fitted = robustFit(problem);
  const contextTokenMs = fitted[last]!;
  const notes =
    contextTokenMs > 0
      ? []
      : [
          "No cost of context was found: longer contexts took no longer, which no engine does for long.",
        ];
  return {
    curve: curveOf(fitted[0]!, {
      starts,
      slopes: fitted.slice(1, last),
      most: measured.most,
    }),
    contextTokenMs,
    notes,
    ms: (row: StepRow): number => dot(features(row), fitted),
  };
}

function sameContext(cells: readonly Cell[], fileName: string): string {
  const { least, most } = rangeOf(cells.map((cell) => cell.contextTokens / cell.decodes));
  const found =
    most - least < 1
      ? `is ${Math.round(least)} tokens throughout`
      : `lies between ${Math.round(least)} and ${Math.round(most)} tokens, and goes with the batch`;
  return `${fileName}: the context per decoding sequence ${found}: what context costs cannot be told from what the batch costs; measure each batch size at contexts far apart, for example 512 and 8192 tokens`;
}

/** What a prompt adds to the steps' times, over what their decoding sequences cost. */
function fitPrefill(cells: readonly Cell[], measured: Range, decodeMs: (row: StepRow) => number) {
  const starts = piecesFor(
    cells.map(({ prefillTokens }) => prefillTokens),
    measured,
    PREFILL_BENDS,
  );
  const features = (row: StepRow): number[] => [
    row.prefills,
    ...alongPieces(row.prefillTokens, starts),
    row.prefillPairs,
  ];
  const problem: Problem = {
    features: cells.map(features),
    targets: cells.map((cell) => cell.ms - decodeMs(cell)),
    scales: cells.map(({ ms }) => ms),
    weights: balanced(cells),
  };
  const last = starts.length + 1;
  const hasPairs = ownShare(problem, last) >= LEAST_OWN_SHARE;
  const fitted = robustFit(
    hasPairs ? problem : { ...problem, features: problem.features.map((row) => row.slice(0, -1)) },
  );
  return {
    profile: {
      chunkPs: Math.round(fitted[0]! * PS_PER_MS),
      prefill: curveOf(0, { starts, slopes: fitted.slice(1, last), most: measured.most }),
      // A pair takes about a picosecond: rounded to whole ones it would be far off.
      pairPs: Number(((fitted[last] ?? 0) * PS_PER_MS).toPrecision(6)),
    },
    notes: hasPairs
      ? []
      : [
          "What prompt attention costs could not be told from what prompt tokens cost (too few lengths above 2,048 tokens, no chunks after cached tokens): it is part of the prefill curve, and long prompts computed in chunks come out too fast.",
        ],
  };
}

/** Weights with which steps that are all prompt, and mixed ones, count alike. */
function balanced(cells: readonly Cell[]): readonly number[] {
  const totals = new Map<string, number>();
  for (const cell of cells) {
    const phase = phaseOf(cell);
    totals.set(phase, (totals.get(phase) ?? 0) + trust(cell));
  }
  return cells.map((cell) => trust(cell) / totals.get(phaseOf(cell))!);
}

function rangesOf(rows: readonly StepRow[]): MeasuredRange {
  const decoding = rows.filter((row) => phaseOf(row) === "decode");
  const prompts = rows.filter(({ prefills }) => prefills > 0);
  return {
    decodes: rangeOf(decoding.map(({ decodes }) => decodes)),
    contextPerDecode: rangeOf(decoding.map((row) => Math.round(row.contextTokens / row.decodes))),
    prefillTokens: rangeOf(prompts.map(({ prefillTokens }) => prefillTokens)),
  };
}

function rangeOf(values: readonly number[]): Range {
  return {
    least: values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
    most: values.reduce((most, value) => Math.max(most, value), 0),
  };
}
