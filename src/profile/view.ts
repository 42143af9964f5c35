/**
 * A profile as something to look at: lines of what it predicts, beside them what the catalogue predicts for the same
 * hardware, and the measured medians. Numbers only; how they are drawn is the report's business.
 */
import type { StepModel } from "../replica/step-model.ts";
import type { MeasuredCell, Profile, Range } from "../scenario/profile-file.ts";
import { type PhaseError, phaseErrors } from "./errors.ts";
import { profileModel } from "./fit.ts";
import { likelyPairs, type MeasuredStep, type Phase, phaseOf, predictMs } from "./step-row.ts";

export interface Line {
  /** Which of `models`. */
  readonly model: number;
  /** What tells lines of one model apart: a batch size; 0 where there is one line only. */
  readonly series: number;
  readonly points: readonly { readonly at: number; readonly ms: number }[];
}

export interface Dot {
  readonly series: number;
  readonly at: number;
  readonly ms: number;
  readonly rows: number;
}

export interface Panel {
  readonly lines: readonly Line[];
  readonly dots: readonly Dot[];
  /** Of the horizontal axis. */
  readonly measured: Range;
}

export interface Residual {
  readonly phase: Phase;
  readonly ms: number;
  readonly rows: number;
  /** Predicted over measured, less one; by model. */
  readonly errors: readonly number[];
}

export interface ProfileView {
  /** Names of the models, the profile first. */
  readonly models: readonly string[];
  /** One whole prompt alone in a step, over its tokens. */
  readonly prefill: Panel;
  /** Over the batch, with so many tokens of context each. */
  readonly decode: Panel & { readonly contextTokens: number };
  /** Over the context per sequence, for batches of a few sizes. */
  readonly context: Panel & { readonly batches: readonly number[] };
  readonly residuals: readonly Residual[];
  /** By model, over the measured medians. */
  readonly errors: readonly (readonly PhaseError[])[];
}

/** Lines go on beyond what was measured, to show how they are extrapolated. */
const BEYOND = 2;
const POINTS_PER_OCTAVE = 6;
/** How close a measured context or batch must be to a line's to be drawn beside it. */
const NEAR = 0.15;

/** What to draw. `catalogue`: its model of the same hardware, where it is known. */
export function viewOf(profile: Profile, catalogue?: StepModel): ProfileView {
  const own = profileModel(profile.steps);
  const models = catalogue === undefined ? [own] : [own, catalogue];
  const { cells, measured } = profile;
  const decoding = cells.filter((cell) => phaseOf(cell) === "decode");
  return {
    models: ["profile", "catalogue"].slice(0, models.length),
    prefill: prefillPanel(models, profile),
    decode: decodePanel(models, decoding, measured.decodes),
    context: contextPanel(models, decoding, measured.contextPerDecode),
    residuals: cells.map((cell) => ({
      phase: phaseOf(cell),
      ms: cell.ms,
      rows: cell.rows,
      errors: models.map((model) => predictMs(model, cell) / cell.ms - 1),
    })),
    errors: models.map((model) =>
      phaseErrors(model, cells, { judge: own, stepsOf: ({ rows }) => rows }),
    ),
  };
}

function prefillPanel(models: readonly StepModel[], { cells, measured }: Profile): Panel {
  const { prefillTokens } = measured;
  return {
    lines: linesOf(models, [0], prefillTokens, (_, tokens) => wholePrompt(tokens)),
    dots: cells
      .filter(isWholePrompt)
      .map(({ prefillTokens: at, ms, rows }) => ({ series: 0, at, ms, rows })),
    measured: prefillTokens,
  };
}

function decodePanel(
  models: readonly StepModel[],
  cells: readonly MeasuredCell[],
  measured: Range,
): ProfileView["decode"] {
  const contextTokens = Math.round(middleOf(cells, perSequence));
  return {
    contextTokens,
    lines: linesOf(models, [0], measured, (_, batch) => decodes(batch, contextTokens)),
    dots: cells
      .filter((cell) => isNear(perSequence(cell), contextTokens))
      .map((cell) => ({ series: 0, at: cell.decodes, ms: cell.ms, rows: cell.rows })),
    measured,
  };
}

/** The smallest, the usual and the largest batch. */
function contextPanel(
  models: readonly StepModel[],
  cells: readonly MeasuredCell[],
  measured: Range,
): ProfileView["context"] {
  const sizes = cells.map((cell) => Math.round(cell.decodes));
  const least = sizes.reduce((a, b) => Math.min(a, b), Number.MAX_SAFE_INTEGER);
  const most = sizes.reduce((a, b) => Math.max(a, b), 0);
  const between = Math.round(Math.sqrt(least * most));
  const batches = cells.length === 0 ? [] : [...new Set([least, between, most])];
  return {
    batches,
    lines: linesOf(models, batches, measured, (batch, context) => decodes(batch, context)),
    dots: batches.flatMap((batch) =>
      cells
        .filter((cell) => isNear(cell.decodes, batch))
        .map((cell) => ({ series: batch, at: perSequence(cell), ms: cell.ms, rows: cell.rows })),
    ),
    measured,
  };
}

function linesOf(
  models: readonly StepModel[],
  seriesOf: readonly number[],
  measured: Range,
  stepAt: (series: number, at: number) => MeasuredStep,
): readonly Line[] {
  const places = placesIn(measured);
  return models.flatMap((model, index) =>
    seriesOf.map((series) => ({
      model: index,
      series,
      points: places.map((at) => ({ at, ms: predictMs(model, stepAt(series, at)) })),
    })),
  );
}

/** Whole numbers evenly over the octaves, a little past what was measured. */
function placesIn({ least, most }: Range): readonly number[] {
  const first = Math.max(1, least);
  const octaves = Math.log2((most * BEYOND) / first);
  const steps = Math.max(1, Math.ceil(octaves * POINTS_PER_OCTAVE));
  const places = Array.from({ length: steps + 1 }, (_, step) =>
    Math.round(first * 2 ** ((octaves * step) / steps)),
  );
  return [...new Set([...places, Math.round(most)])].toSorted((a, b) => a - b);
}

function wholePrompt(tokens: number): MeasuredStep {
  const prefillPairs = likelyPairs(1, tokens, 0);
  return { prefills: 1, prefillTokens: tokens, prefillPairs, decodes: 0, contextTokens: 0, ms: 0 };
}

function decodes(batch: number, context: number): MeasuredStep {
  const prompts = { prefills: 0, prefillTokens: 0, prefillPairs: 0 };
  return { ...prompts, decodes: batch, contextTokens: batch * context, ms: 0 };
}

function isWholePrompt(cell: MeasuredCell): boolean {
  const pairs = likelyPairs(1, cell.prefillTokens, 0);
  return phaseOf(cell) === "prefill" && cell.prefills === 1 && isNear(cell.prefillPairs, pairs);
}

function perSequence(cell: MeasuredCell): number {
  return cell.contextTokens / cell.decodes;
}

/** The value that half of the steps lie below. */
function middleOf(cells: readonly MeasuredCell[], of: (cell: MeasuredCell) => number): number {
  const sorted = cells.toSorted((a, b) => of(a) - of(b));
  const half = cells.reduce((sum, { rows }) => sum + rows, 0) / 2;
  let below = 0;
  for (const cell of sorted) {
    below += cell.rows;
    if (below >= half) return of(cell);
  }
  return 0;
}

function isNear(value: number, wanted: number): boolean {
  return Math.abs(value - wanted) <= NEAR * wanted;
}
