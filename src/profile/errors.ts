/** How far a step-time model is off measured steps, by phase. */
import { randomStream } from "../base/random.ts";
import type { StepModel } from "../replica/step-model.ts";
import { isFarOff, median } from "./least-squares.ts";
import { type MeasuredStep, type Phase, PHASES, phaseOf, predictMs } from "./step-row.ts";

export interface PhaseError {
  readonly phase: Phase;
  readonly rows: number;
  /** Rows whose times are so far off the profile that they were hardly the step's own. */
  readonly farOff: number;
  /** Mean of the absolute relative errors, without the rows far off; undefined where there are no others. */
  readonly mean: number | undefined;
  readonly meanOfAll: number;
  /** Medians over all rows: of the absolute errors, and of the signed ones (above 0, the model is too slow). */
  readonly median: number;
  readonly bias: number;
}

/** Which model says what is far off, whichever model's errors are asked for: leaving out one's own would flatter. */
interface Counting<Row> {
  readonly judge: StepModel;
  /** Steps that a row stands for. */
  readonly stepsOf: (row: Row) => number;
}

/** Errors per phase; phases that were not measured are left out. */
export function phaseErrors<Row extends MeasuredStep>(
  model: StepModel,
  rows: readonly Row[],
  { judge, stepsOf }: Counting<Row>,
): readonly PhaseError[] {
  return PHASES.flatMap((phase): readonly PhaseError[] => {
    const errors = rows
      .filter((row) => phaseOf(row) === phase)
      .map((row) => ({
        error: errorOf(model, row),
        isFar: isFarOff(errorOf(judge, row)),
        steps: stepsOf(row),
      }));
    if (errors.length === 0) return [];
    const near = errors.filter(({ isFar }) => !isFar);
    return [
      {
        phase,
        rows: stepsIn(errors),
        farOff: stepsIn(errors) - stepsIn(near),
        mean: near.length === 0 ? undefined : meanOf(near),
        meanOfAll: meanOf(errors),
        median: median(errors.map(({ error }) => Math.abs(error))),
        bias: median(errors.map(({ error }) => error)),
      },
    ];
  });
}

interface StepError {
  readonly error: number;
  readonly steps: number;
}

function errorOf(model: StepModel, row: MeasuredStep): number {
  return predictMs(model, row) / row.ms - 1;
}

function stepsIn(errors: readonly StepError[]): number {
  return errors.reduce((sum, { steps }) => sum + steps, 0);
}

function meanOf(errors: readonly StepError[]): number {
  const sum = errors.reduce((total, { error, steps }) => total + Math.abs(error) * steps, 0);
  return sum / stepsIn(errors);
}

/** Divides rows by chance: `held` is about `share` of them. */
export function splitRows<Row>(
  rows: readonly Row[],
  share: number,
  seed: number,
): { readonly kept: readonly Row[]; readonly held: readonly Row[] } {
  const random = randomStream(seed, "profile/hold-out");
  const isHeld = rows.map(() => random() < share);
  return {
    kept: rows.filter((_, at) => !isHeld[at]),
    held: rows.filter((_, at) => isHeld[at]),
  };
}
