/** What a reader who stops after one page should know of a comparison, matter by matter. */
import type { Conclusion } from "../document.ts";
import { formatCount } from "../format.ts";
import { capital, joinWords } from "../verdict.ts";
import type { Comparison, Row } from "./compare.ts";
import { changesOf, familyWords } from "./findings.ts";
import { sideName } from "./side.ts";
import { differenceText, relativeText, valueText } from "./words.ts";

export function comparisonConclusions(comparison: Comparison): readonly Conclusion[] {
  const { notes } = comparison;
  const all: readonly Conclusion[] = [
    { topic: "What was asked", sentences: askedWords(comparison) },
    { topic: "What differs", sentences: differsWords(comparison) },
    { topic: "Promises", sentences: promiseWords(comparison) },
    { topic: "Cost", sentences: costWords(comparison) },
    // What else the notes say stands under "What is compared".
    { topic: "How sure that is", sentences: notes.slice(0, 1) },
    { topic: "What to do next", sentences: nextWords(comparison) },
  ];
  return all.filter(({ sentences }) => sentences.length > 0);
}

function askedWords({ sides }: Comparison): readonly string[] {
  const named = sides.map(({ name, source, scenario, kind, seeds }) => {
    const runs = seeds.length === 1 ? "one run" : `${formatCount(seeds.length)} runs`;
    return `${name} is ${source} (${scenario}, ${kind}, ${runs})`;
  });
  return [`How ${joinWords(sides.map(({ name }) => name))} differ: ${joinWords(named)}.`];
}

function differsWords(comparison: Comparison): readonly string[] {
  const { significance, sides } = comparison;
  if (significance === null) return [];
  const changes = sides
    .slice(1)
    .map(({ name }, against) => `${name} against A: ${changesOf(comparison, against)}.`);
  return [...changes, familyWords(comparison)];
}

/** Each tier's compliance, the figure that its verdict rests on. */
function promiseWords({ tiers }: Comparison): readonly string[] {
  return tiers.flatMap(({ name, rows }) => {
    const row = rows.find(({ id }) => id === "compliance-owed");
    return row === undefined ? [] : [`${capital(name)} ${keptWords(row)}.`];
  });
}

function keptWords(row: Row): string {
  const values = row.values.map(
    (value, side) => `${valueText(value, row.unit)} in ${sideName(side)}`,
  );
  return `kept its targets for ${joinWords(values)}`;
}

function costWords({ platform }: Comparison): readonly string[] {
  const hour = platform.find(({ id }) => id === "usd-per-hour");
  const tokens = platform.find(({ id }) => id === "usd-per-million-tokens");
  return [
    ...(hour === undefined ? [] : [`An hour costs ${sidesText(hour)}.`]),
    ...(tokens === undefined ? [] : [`A million tokens cost ${sidesText(tokens)}.`]),
  ];
}

/** "$8.00 in A and $12.00 in B (+50 %)". */
function sidesText(row: Row): string {
  const texts = row.values.map((value, side) => {
    const difference = row.differences[side - 1];
    const change =
      difference === undefined || difference.absolute === null || difference.absolute === 0
        ? ""
        : ` (${difference.relative === null ? differenceText(difference.absolute, row.unit) : relativeText(difference.relative)})`;
    return `${valueText(value, row.unit)} in ${sideName(side)}${change}`;
  });
  return joinWords(texts);
}

function nextWords({ significance, sides }: Comparison): readonly string[] {
  const isSimulated = sides.every(({ kind }) => kind === "simulated");
  if (significance === null) {
    return isSimulated
      ? [
          "Compare the scenarios themselves, with `--replications 10`: then each difference has an interval, and what is chance is told from what is not.",
        ]
      : ["Measure again, at other times: one measurement does not say how much of this is chance."];
  }
  return significance.significant === 0
    ? ["Add replications if a difference too small to show here would matter; or take the cheaper."]
    : [
        "Weigh the cost against what differs, and let `tenantry plan` say what the better one needs.",
      ];
}
