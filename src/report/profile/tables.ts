/** Errors of step-time models by phase, for a terminal: the measured profile, and beside it what the catalogue knows. */
import type { PhaseError } from "../../profile/errors.ts";
import { formatCount, formatShare, MISSING } from "../format.ts";
import type { SummaryTable } from "../summary.ts";
import { capital } from "../verdict.ts";

/** A model, and how far off it is. */
export interface ModelErrors {
  readonly name: string;
  readonly errors: readonly PhaseError[];
}

const HEAD = ["Steps", "Model", "Rows", "Far off", "Mean error", "Of all", "Median", "Bias"];

/** A row per phase and model. */
export function errorTable(title: string, sides: readonly ModelErrors[]): SummaryTable {
  const [first] = sides;
  const rows = (first?.errors ?? []).flatMap(({ phase }) =>
    sides.flatMap(({ name, errors }, at) => {
      const error = errors.find((one) => one.phase === phase);
      if (error === undefined) return [];
      return [
        [
          at === 0 ? capital(phase) : "",
          name,
          formatCount(error.rows),
          formatCount(error.farOff),
          formatShare(error.mean ?? null),
          formatShare(error.meanOfAll),
          formatShare(error.median),
          signedShare(error.bias),
        ],
      ];
    }),
  );
  return { title, head: HEAD, rows };
}

function signedShare(share: number): string {
  const text = formatShare(Math.abs(share));
  if (text === MISSING || text.startsWith("<") || share === 0) return text;
  return `${share > 0 ? "+" : "−"}${text}`;
}
