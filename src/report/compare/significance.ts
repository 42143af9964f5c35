/**
 * Which differences of a comparison are more than chance. Every difference of tiers and platform, of every further side, is one member
 * of a family that is tested as a whole (Holm): a page with a hundred figures would otherwise show five "significant" ones between
 * two equal platforms. What is significant comes first, the largest change before the smaller ones.
 */
import { CONFIDENCE, holm } from "./paired.ts";
import type { Difference, Row } from "./compare.ts";

/** One tested difference. */
export interface Finding {
  /** A tier's name; null for the platform. */
  readonly tier: string | null;
  readonly measure: string;
  /** Of the further sides, by index: 0 is B. */
  readonly against: number;
  readonly p: number;
  /** Holm's, for the family as a whole. */
  readonly adjustedP: number;
  readonly isSignificant: boolean;
}

export interface Significance {
  /** 0.05: the chance that anything at all is called significant where nothing differs. */
  readonly level: number;
  readonly tested: number;
  readonly significant: number;
  /** All that were tested, the significant ones first. */
  readonly findings: readonly Finding[];
}

/** What a finding is about. */
export interface Found {
  readonly finding: Finding;
  readonly row: Row;
  readonly difference: Difference;
}

interface Tier {
  readonly name: string;
  readonly rows: readonly Row[];
}

export function significanceOf(tiers: readonly Tier[], platform: readonly Row[]): Significance {
  const level = 1 - CONFIDENCE;
  const tested = [
    ...tiers.flatMap(({ name, rows }) => rows.flatMap((row) => candidates(name, row))),
    ...platform.flatMap((row) => candidates(null, row)),
  ];
  const adjusted = holm(tested.map(({ p }) => p));
  const findings = tested.map((one, at) => {
    const adjustedP = adjusted[at]!;
    const { size, ...tells } = one;
    return { size, finding: { ...tells, adjustedP, isSignificant: adjustedP <= level } };
  });
  const significant = findings.filter(({ finding }) => finding.isSignificant);
  const others = findings.filter(({ finding }) => !finding.isSignificant);
  return {
    level: Number(level.toFixed(4)),
    tested: tested.length,
    significant: significant.length,
    findings: [
      ...significant.toSorted((a, b) => b.size - a.size),
      ...others.toSorted((a, b) => a.finding.p - b.finding.p),
    ].map(({ finding }) => finding),
  };
}

/** The rows behind the findings, in their order. */
export function foundIn(
  significance: Significance,
  tiers: readonly Tier[],
  platform: readonly Row[],
): readonly Found[] {
  return significance.findings.flatMap((finding) => {
    const rows = tiers.find(({ name }) => name === finding.tier)?.rows ?? platform;
    const row = rows.find(({ id }) => id === finding.measure);
    const difference = row?.differences[finding.against];
    return row === undefined || difference === undefined ? [] : [{ finding, row, difference }];
  });
}

interface Candidate {
  readonly tier: string | null;
  readonly measure: string;
  readonly against: number;
  readonly p: number;
  /** For the order: how much it changed, as a ratio, whichever way; from nothing to something is beyond all. */
  readonly size: number;
}

function candidates(tier: string | null, { id, values, differences }: Row): readonly Candidate[] {
  return differences.flatMap(({ p }, against) =>
    p === null
      ? []
      : [{ tier, measure: id, against, p, size: sizeOf(values[0]!, values[against + 1]!) }],
  );
}

function sizeOf(from: number | null, to: number | null): number {
  if (from === null || to === null) return 0;
  if (from === 0 || to === 0) return from === to ? 0 : Number.MAX_VALUE;
  return Math.abs(Math.log(Math.abs(to / from)));
}
