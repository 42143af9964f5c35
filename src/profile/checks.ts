/**
 * Whether measured steps are enough to make a profile of, and whether they can be what they claim: times in milliseconds,
 * of an engine that takes longer for more work. What cannot be refuses the file; what is odd becomes a note.
 */
import type { StepModel } from "../replica/step-model.ts";
import type { Cell } from "./cells.ts";
import { FAR_OFF, isFarOff, median } from "./least-squares.ts";
import { ProfileError } from "./profile-error.ts";
import { PHASES, phaseOf, predictMs, type StepRow } from "./step-row.ts";

/** Fewer rows cannot show what is noise. */
const LEAST_DECODE_ROWS = 6;
const LEAST_PROMPT_ROWS = 4;
/** Launching a model's kernels alone takes longer than the first, ms; no step of a served model as long as the second. */
const LEAST_STEP_MS = 0.2;
const MOST_STEP_MS = 2000;
/** Falls of a curve, as shares of a step's time: noise up to the first, a wrong table from the second on. Assumed. */
const NOTED_FALL = 0.1;
const REFUSED_FALL = 0.3;
/** Share of a phase's steps that may be far off: a quarter of those with prompts in one published log. */
const MOST_FAR_OFF = 1 / 3;
/** Steps that a point of the test for falls must rest on. */
const LEAST_GROUP = 3;
const GROUPS_PER_OCTAVE = 2;

/** Fails: ProfileError when the rows are too few, of one kind, or in another unit. */
export function checkRows(rows: readonly StepRow[], fileName: string): void {
  const decoding = rows.filter((row) => phaseOf(row) === "decode");
  const prompts = rows.filter((row) => phaseOf(row) !== "decode");
  checkKind(decoding, {
    fileName,
    what: "steps that only decode",
    least: LEAST_DECODE_ROWS,
    sizes: new Set(decoding.map(({ decodes }) => decodes)).size,
    measure: "decode batches of several sizes, such as 1, 8 and 32 sequences",
  });
  checkKind(prompts, {
    fileName,
    what: "steps that compute prompt tokens",
    least: LEAST_PROMPT_ROWS,
    sizes: new Set(prompts.map(({ prefillTokens }) => prefillTokens)).size,
    measure: "prompts of several lengths, such as 128, 1024 and 4096 tokens",
  });
  const typicalMs = median(decoding.map(({ ms }) => ms));
  const unit =
    typicalMs < LEAST_STEP_MS ? "seconds" : typicalMs > MOST_STEP_MS ? "microseconds" : undefined;
  if (unit !== undefined) {
    throw new ProfileError(
      `${fileName}: half of the decode steps take less than ${Number(typicalMs.toPrecision(3))} ms, which looks like ${unit}: expected milliseconds; convert the column`,
    );
  }
}

interface Kind {
  readonly fileName: string;
  readonly what: string;
  readonly least: number;
  readonly sizes: number;
  readonly measure: string;
}

function checkKind(rows: readonly StepRow[], kind: Kind): void {
  const { fileName, what, least, sizes, measure } = kind;
  if (rows.length >= least && sizes >= 2) return;
  const found =
    rows.length < least
      ? `${rows.length === 0 ? "no" : `only ${rows.length}`} ${what}: expected at least ${least}`
      : `all ${rows.length} ${what} are of one size`;
  throw new ProfileError(`${fileName}: ${found}; measure ${measure}`);
}

/**
 * The steps whose times were left out of the fit. Fails: ProfileError when they are too many to be accidents.
 */
export function checkFarOff(
  rows: readonly StepRow[],
  model: StepModel,
  fileName: string,
): readonly StepRow[] {
  const far = rows.filter((row) => isFarOff(predictMs(model, row) / row.ms - 1));
  for (const phase of PHASES) {
    const all = rows.filter((row) => phaseOf(row) === phase);
    const own = far.filter((row) => phaseOf(row) === phase);
    if (own.length <= MOST_FAR_OFF * all.length) continue;
    throw new ProfileError(
      `${fileName}:${own[0]!.line}: ${own.length} of ${all.length} ${phase} steps took more than ${FAR_OFF} times as long as steps like them, or less than 1/${FAR_OFF} of it (this is the first): batch and context do not explain these times; check the columns, and that all rows come from one engine with one setting`,
    );
  }
  return far;
}

interface Level {
  readonly at: number;
  readonly line: number;
  /** Time over what else than this count costs, and the step's whole time. */
  readonly ownMs: number;
  readonly ms: number;
}

/**
 * Notes about times that fall while the work grows, all else alike. A curve cannot follow them, so it lies between.
 * Fails: ProfileError when they fall by more than noise can.
 */
export function checkFalls(
  cells: readonly Cell[],
  model: StepModel,
  fileName: string,
): readonly string[] {
  const rest = (cell: Cell, without: Partial<StepRow>): number =>
    cell.ms - (predictMs(model, cell) - predictMs(model, { ...cell, ...without }));
  const decodeLevels = levelsOf(
    cells.filter((cell) => phaseOf(cell) === "decode"),
    (cell) => ({ at: cell.decodes, ownMs: rest(cell, { contextTokens: 0 }) }),
  );
  const promptLevels = levelsOf(
    cells.filter((cell) => phaseOf(cell) !== "decode"),
    (cell) => ({
      at: cell.prefillTokens,
      ownMs: rest(cell, { contextTokens: 0, decodes: 0, prefillPairs: 0 }),
    }),
  );
  return [
    ...fallNotes(decodeLevels, "decoding sequences", fileName),
    ...fallNotes(promptLevels, "prompt tokens", fileName),
  ];
}

function levelsOf(
  cells: readonly Cell[],
  of: (cell: Cell) => { readonly at: number; readonly ownMs: number },
): readonly Level[] {
  const groups = new Map<
    number,
    { readonly cell: Cell; readonly at: number; readonly ownMs: number }[]
  >();
  for (const cell of cells) {
    const level = of(cell);
    const key = Math.round(Math.log2(level.at) * GROUPS_PER_OCTAVE);
    const group = groups.get(key) ?? [];
    group.push({ cell, ...level });
    groups.set(key, group);
  }
  return [...groups.entries()]
    .toSorted(([a], [b]) => a - b)
    .map(([, group]) => group)
    .filter((group) => group.reduce((sum, { cell }) => sum + cell.rows, 0) >= LEAST_GROUP)
    .map((group) => ({
      at: Math.round(median(group.map(({ at }) => at))),
      line: Math.min(...group.map(({ cell }) => cell.line)),
      ownMs: median(group.map(({ ownMs }) => ownMs)),
      ms: median(group.map(({ cell }) => cell.ms)),
    }));
}

function fallNotes(levels: readonly Level[], what: string, fileName: string): readonly string[] {
  let worst: { readonly from: Level; readonly to: Level; readonly share: number } | undefined;
  for (const [index, from] of levels.entries()) {
    for (const to of levels.slice(index + 1)) {
      const share = (from.ownMs - to.ownMs) / from.ms;
      if (share > (worst?.share ?? NOTED_FALL)) worst = { from, to, share };
    }
  }
  if (worst === undefined) return [];
  const { from, to, share } = worst;
  const fall = `steps of about ${to.at} ${what} take ${Math.round(100 * share)} % less than those of ${from.at}, all else alike`;
  if (share > REFUSED_FALL) {
    throw new ProfileError(
      `${fileName}:${to.line}: ${fall} (see line ${from.line}): expected more work to take longer; check the columns, and that all rows come from one engine with one setting`,
    );
  }
  return [`${fall[0]!.toUpperCase()}${fall.slice(1)}: the curve lies between.`];
}
