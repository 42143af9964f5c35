/**
 * What a table leaves out: stretches of batch sizes or prompt lengths without a measurement, and kinds of steps. A curve
 * goes through a gap on a straight line and looks as sure there as elsewhere, so it is told. And times that do not grow at all.
 */
import type { Cell } from "./cells.ts";
import { median } from "./least-squares.ts";
import { ProfileError } from "./profile-error.ts";
import { phaseOf, type StepRow } from "./step-row.ts";

/**
 * Neighbours farther apart than this times have a gap between them: what is advised for a table (1, 8, 32 sequences; 128,
 * 1,024, 4,096 tokens) has none. Assumed.
 */
const GAP = 8;
/** Dense layers are bound by compute from 300 to 1,000 tokens on: a step of so many takes longer than a small one on any GPU. */
const LARGE_TOKENS = 1024;
const SMALL_TOKENS = LARGE_TOKENS / 16;
/** Times within this of each other are the same but for noise. */
const SAME = 0.05;

/** Fails: ProfileError when large steps take no longer than small ones. */
export function checkGrowth(cells: readonly Cell[], fileName: string): void {
  const small = cells.filter((cell) => tokensOf(cell) <= SMALL_TOKENS);
  const large = cells.filter((cell) => tokensOf(cell) >= LARGE_TOKENS);
  if (small.length === 0 || large.length === 0) return;
  const few = median(small.map(({ ms }) => ms));
  const many = median(large.map(({ ms }) => ms));
  if (many > few * (1 + SAME)) return;
  throw new ProfileError(
    `${fileName}:${large[0]!.line}: steps of ${LARGE_TOKENS} tokens and more take no longer (${rounded(many)} ms) than those of ${SMALL_TOKENS} and fewer (${rounded(few)} ms): expected more work to take longer; check the column of times`,
  );
}

/** A sentence for each gap. */
export function gapNotes(cells: readonly Cell[]): readonly string[] {
  const decoding = cells.filter((cell) => phaseOf(cell) === "decode");
  const prompts = cells.filter((cell) => phaseOf(cell) !== "decode");
  return [
    ...gapsIn(
      decoding.map(({ decodes }) => decodes),
      "decoding sequences",
    ),
    ...gapsIn(
      prompts.map(({ prefillTokens }) => prefillTokens),
      "prompt tokens",
    ),
    ...missingKinds(prompts),
  ];
}

function gapsIn(values: readonly number[], what: string): readonly string[] {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted.flatMap((value, at) => {
    const next = sorted[at + 1];
    if (next === undefined || next <= GAP * value) return [];
    return [
      `No step was measured between ${rounded(value)} and ${rounded(next)} ${what}: times there lie on a straight line and may be far off.`,
    ];
  });
}

function missingKinds(prompts: readonly Cell[]): readonly string[] {
  const phases = new Set(prompts.map(phaseOf));
  if (!phases.has("mixed")) {
    return [
      "No step was measured with both prompts and decoding sequences: its time is taken as the sum of theirs.",
    ];
  }
  if (!phases.has("prefill")) {
    return [
      "No step was measured with prompts alone: its time is that of mixed steps without what their decoding sequences cost.",
    ];
  }
  return [];
}

function tokensOf({ prefillTokens, decodes }: StepRow): number {
  return prefillTokens + decodes;
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
