/**
 * The profile file: measured step times as `tenantry profile import` writes them and a pool's `stepTime: { profile }`
 * reads them. Its curves are what a simulation uses; the measured cells are there so that a page can show them beside.
 */
import { z } from "zod";
import type { StepCurve, StepProfile } from "../replica/profiled.ts";
import { parseText } from "./document.ts";
import { findingsOf, wording } from "./issues.ts";
import { formatPath, type Problem } from "./problems.ts";
import type { JsonSchema } from "./schema/file.ts";

export interface Range {
  readonly least: number;
  readonly most: number;
}

/** What was measured; beyond it, a profile extrapolates. */
export interface MeasuredRange {
  readonly decodes: Range;
  /** Mean context of the decoding sequences of a step. */
  readonly contextPerDecode: Range;
  readonly prefillTokens: Range;
}

/** Times in milliseconds are kept to the picosecond, or to six digits where those are fewer. */
const DIGITS = 6;
const PS_PER_MS = 1e9;
const CURRENT_VERSION = 1;

const amount = z.number().nonnegative();
const range = z
  .tuple([amount, amount])
  .refine(([least, most]) => least <= most, { error: "expected the smaller number first" });

const curve = z
  .array(z.tuple([amount, amount]))
  .min(1)
  .superRefine((points, context) => {
    for (const [index, [at, ms]] of points.entries()) {
      const before = points[index - 1];
      if (before === undefined || (at > before[0] && ms >= before[1])) continue;
      const message = `expected [count, ms] pairs with rising counts and times that do not fall, got [${at}, ${ms}] after [${before.join(", ")}]`;
      context.addIssue({ code: "custom", message, path: [index] });
    }
  });

export const profileFile = z.strictObject({
  profileVersion: z.literal(CURRENT_VERSION),
  model: z.string().optional(),
  gpu: z.string().optional(),
  tensorParallel: z.int().positive().optional(),
  precision: z.string().optional(),
  engine: z.string().optional(),
  date: z.string().optional(),
  source: z.strictObject({
    file: z.string(),
    sha256: z.string(),
    format: z.string(),
    lines: z.int().nonnegative(),
    steps: z.int().nonnegative(),
    leftOut: z
      .array(
        z.strictObject({
          rows: z.int().positive(),
          firstLine: z.int().positive(),
          reason: z.string(),
        }),
      )
      .default([]),
  }),
  measured: z.strictObject({ decodes: range, contextPerDecode: range, prefillTokens: range }),
  decode: z.strictObject({
    curveMs: curve.refine((points) => (points[0]?.[1] ?? 0) > 0, {
      error: "expected a first time above 0: a step would take none",
    }),
    contextTokenPs: amount,
  }),
  prefill: z.strictObject({ curveMs: curve, chunkMs: amount, pairPs: amount }),
  notes: z.array(z.string()).default([]),
  cells: z
    .array(z.tuple([amount, amount, amount, amount, amount, amount, z.int().positive()]))
    .default([]),
});

export type ProfileFile = z.output<typeof profileFile>;

/** What a profile says of itself. Names are as given at its import; undefined where they were not. */
export type ProfileOrigin = Pick<
  ProfileFile,
  "model" | "gpu" | "tensorParallel" | "precision" | "engine" | "date" | "source"
>;

/** Steps alike, and their median time. */
export interface MeasuredCell {
  readonly prefills: number;
  readonly prefillTokens: number;
  readonly prefillPairs: number;
  readonly decodes: number;
  readonly contextTokens: number;
  readonly ms: number;
  readonly rows: number;
}

export interface Profile {
  readonly origin: ProfileOrigin;
  readonly steps: StepProfile;
  readonly measured: MeasuredRange;
  readonly notes: readonly string[];
  readonly cells: readonly MeasuredCell[];
}

export type LoadedProfile =
  | { readonly kind: "loaded"; readonly profile: Profile; readonly file: ProfileFile }
  | { readonly kind: "invalid"; readonly problems: readonly Problem[] };

/** Reads a profile file; all problems come at once. */
export function loadProfile(text: string, fileName: string): LoadedProfile {
  const parsed = parseText(text);
  if (parsed.kind === "malformed") {
    const problems = parsed.problems.map(({ message, at }) => ({
      place: { kind: "file", fileName, ...at } as const,
      path: "",
      message,
      suggestion: undefined,
    }));
    return { kind: "invalid", problems };
  }
  const file = profileFile.safeParse(parsed.value, { error: wording });
  if (file.success) return { kind: "loaded", profile: profileOf(file.data), file: file.data };
  const found = findingsOf(file.error.issues, parsed.value, profileJsonSchema());
  const problems = found.map(({ path, message, suggestion, at }): Problem => {
    const place = { kind: "file", fileName, ...parsed.locate(path, at) } as const;
    return { place, path: formatPath(path), message, suggestion };
  });
  return { kind: "invalid", problems };
}

/** What findings about a profile look keys up in. */
export function profileJsonSchema(): JsonSchema {
  return z.toJSONSchema(profileFile, { io: "input", target: "draft-7" });
}

/** The text of a profile file: a line per point and cell, so that a change shows in a diff. */
export function profileText({ origin, steps, measured, notes, cells }: Profile): string {
  const { source, ...subject } = origin;
  const { leftOut, ...counts } = source;
  return [
    "# Measured step times, written by tenantry profile import; docs/profiles.md explains the keys.",
    `profileVersion: ${CURRENT_VERSION}`,
    ...Object.entries(subject).flatMap(([key, value]) =>
      value === undefined ? [] : [`${key}: ${JSON.stringify(value)}`],
    ),
    "source:",
    ...Object.entries(counts).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`),
    ...list(
      "  leftOut",
      leftOut.map((one) => JSON.stringify(one)),
    ),
    "measured:",
    ...Object.entries(measured).map(([key, { least, most }]) => `  ${key}: [${least}, ${most}]`),
    "decode:",
    ...list("  curveMs", pointsOf(steps.decode)),
    `  contextTokenPs: ${rounded(steps.contextTokenPs)}`,
    "prefill:",
    ...list("  curveMs", pointsOf(steps.prefill)),
    `  chunkMs: ${rounded(steps.chunkPs / PS_PER_MS)}`,
    `  pairPs: ${rounded(steps.pairPs)}`,
    ...list(
      "notes",
      notes.map((note) => JSON.stringify(note)),
    ),
    "# prompt chunks, their tokens, their query-key pairs, decoding sequences, their context, median ms, steps",
    ...list("cells", cells.map(cellText)),
    "",
  ].join("\n");
}

function list(key: string, items: readonly string[]): readonly string[] {
  if (items.length === 0) return [`${key}: []`];
  const indent = key.length - key.trimStart().length;
  return [`${key}:`, ...items.map((item) => `${" ".repeat(indent + 2)}- ${item}`)];
}

function pointsOf({ points }: StepCurve): readonly string[] {
  return points.map(({ at, ps }) => `[${at}, ${rounded(ps / PS_PER_MS)}]`);
}

function cellText(cell: MeasuredCell): string {
  const { prefills, prefillTokens, prefillPairs, decodes, contextTokens, ms, rows } = cell;
  const numbers = [prefills, prefillTokens, prefillPairs, decodes, contextTokens, ms];
  return `[${[...numbers.map(rounded), rows].join(", ")}]`;
}

function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS));
}

/** The profile that a valid file holds. */
export function profileOf(file: ProfileFile): Profile {
  const { decode, prefill, measured, notes, cells, profileVersion: _version, ...origin } = file;
  return {
    origin,
    steps: {
      decode: curveOf(decode.curveMs),
      contextTokenPs: decode.contextTokenPs,
      prefill: curveOf(prefill.curveMs),
      chunkPs: prefill.chunkMs * PS_PER_MS,
      pairPs: prefill.pairPs,
    },
    measured: {
      decodes: rangeOf(measured.decodes),
      contextPerDecode: rangeOf(measured.contextPerDecode),
      prefillTokens: rangeOf(measured.prefillTokens),
    },
    notes,
    cells: cells.map(
      ([prefills, prefillTokens, prefillPairs, decodes, contextTokens, ms, rows]) => ({
        prefills,
        prefillTokens,
        prefillPairs,
        decodes,
        contextTokens,
        ms,
        rows,
      }),
    ),
  };
}

function curveOf(points: readonly (readonly [number, number])[]): StepCurve {
  return { points: points.map(([at, ms]) => ({ at, ps: ms * PS_PER_MS })) };
}

function rangeOf([least, most]: readonly [number, number]): Range {
  return { least, most };
}
