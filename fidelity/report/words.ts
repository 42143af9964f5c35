/** Where the predictions are weak, in sentences made from the errors: nothing is said that the numbers do not say. */
import {
  type Figure,
  GROUPINGS,
  groupsOf,
  HEADLINE,
  MOST_OVERLOAD,
  summaryOf,
  wholeCells,
} from "../errors.ts";
import { type Cell, type Evaluated, meanError, throughputError } from "../evaluate.ts";
import type { MeasuredRun } from "../measured.ts";
import { median } from "../statistics.ts";
import { figureName, percentText, runLabels, signedPercent } from "./labels.ts";

/** Fewer runs than this are no pattern. */
const LEAST_RUNS = 2;
/** Sentences about groups: the worst, by how far they are beyond what is allowed. */
const MOST_PATTERNS = 6;
/** Two parts of the same runs whose errors differ by more than this are told apart. */
const TELLING = 0.05;

/** The errors of models left out of the fit, where there are any: what a reader's own model has to expect. */
export function headlineWords(
  evaluated: readonly Evaluated[],
  leftOut: readonly Evaluated[] | undefined,
): string {
  const told = (leftOut ?? evaluated).filter(({ run }) => !run.isOverload);
  if (told.length === 0) return "No run that is not overloaded was found.";
  const missed = HEADLINE.filter((figure) => !isWithin(told, figure));
  const e2e = summaryOf(wholeCells(told, HEADLINE[0]!))!;
  const how = leftOut === undefined ? "" : ", each model predicted from the others";
  const start = `Mean end-to-end time is off by ${percentText(e2e.medianAbsolute)} in the median of ${told.length} runs (bias ${signedPercent(e2e.medianSigned)})${how}`;
  const rest =
    missed.length === 0
      ? "every figure is within what is allowed"
      : `${missed.map(figureName).join(", ")} ${missed.length === 1 ? "is" : "are"} worse than allowed`;
  return `${start}; ${rest}${overloadClause(leftOut ?? evaluated)}.`;
}

function overloadClause(evaluated: readonly Evaluated[]): string {
  const overloaded = evaluated.filter(({ run }) => run.isOverload);
  const beyond = overloaded.filter((one) => overloadError(one) > MOST_OVERLOAD);
  if (beyond.length === 0) return "";
  return `, but not in ${beyond.length} of ${overloaded.length} overloaded runs`;
}

/** The larger of the errors in mean E2E and throughput. */
function overloadError(one: Evaluated): number {
  const errors = [meanError(one, "e2e"), throughputError(one)];
  return Math.max(...errors.map((error) => Math.abs(error ?? 0)));
}

function isWithin(evaluated: readonly Evaluated[], figure: Figure): boolean {
  const summary = summaryOf(wholeCells(evaluated, figure));
  if (summary === undefined) return true;
  const isUnbiased = Math.abs(summary.medianSigned) <= (figure.mostBias ?? Infinity);
  return summary.medianAbsolute <= figure.most && isUnbiased;
}

export function weaknessWords(evaluated: readonly Evaluated[]): string[] {
  const sentences = [
    ...missedWords(evaluated),
    ...patternWords(evaluated),
    ...firstStageWords(evaluated),
    ...offloadWords(evaluated),
    ...overloadWords(evaluated),
  ];
  return sentences.length === 0 ? ["No group of runs stands out."] : sentences;
}

function missedWords(evaluated: readonly Evaluated[]): string[] {
  return HEADLINE.filter((figure) => !isWithin(evaluated, figure)).map((figure) => {
    const { medianAbsolute, medianSigned, worst } = summaryOf(wholeCells(evaluated, figure))!;
    const label = runLabels(evaluated.map(({ run }) => run)).get(worst.run)!;
    return `${figureName(figure)} misses its mark: ${percentText(medianAbsolute)} off in the median (bias ${signedPercent(medianSigned)}), at worst ${signedPercent(worst.error)} (${label}).`;
  });
}

interface Pattern {
  readonly text: string;
  /** How many times what is allowed, of its worst figure. */
  readonly excess: number;
}

/** Groups of runs that are off in one direction by more than is allowed: a sentence each. */
function patternWords(evaluated: readonly Evaluated[]): string[] {
  const steady = evaluated.filter(({ run }) => !run.isOverload);
  const patterns = GROUPINGS.flatMap((grouping) => {
    const groups = groupsOf(steady, grouping);
    return groups.length < 2
      ? []
      : groups.flatMap(([key, part]) => patternOf(grouping.phrase(key), part));
  });
  return patterns
    .toSorted((a, b) => b.excess - a.excess)
    .slice(0, MOST_PATTERNS)
    .map(({ text }) => text);
}

function patternOf(phrase: string, part: readonly Evaluated[]): Pattern[] {
  if (part.length < LEAST_RUNS) return [];
  const off = HEADLINE.flatMap((figure) => {
    const summary = summaryOf(wholeCells(part, figure));
    if (summary === undefined || Math.abs(summary.medianSigned) <= figure.most) return [];
    const { medianSigned } = summary;
    const text = `${figureName(figure)} ${signedPercent(medianSigned)}`;
    return [{ text, excess: Math.abs(medianSigned) / figure.most }];
  });
  if (off.length === 0) return [];
  const text = `The ${part.length} ${phrase} are off in one direction: ${off.map((one) => one.text).join(", ")} in the median.`;
  return [{ text, excess: Math.max(...off.map(({ excess }) => excess)) }];
}

/** An engine that has just started: what the first stage of a run shows and later ones do not. */
function firstStageWords(evaluated: readonly Evaluated[]): string[] {
  return contrastWords(
    evaluated.flatMap(({ run, cells }) =>
      run.isOverload ? [] : cells.filter(({ stage }) => stage !== undefined),
    ),
    {
      isFirst: ({ stage }) => stage === 0,
      first: "in the first stage of a run",
      others: "in later ones",
      because: "An engine's first calls of its kernels are slow, and this is not simulated.",
    },
  );
}

/** Only runs that have a twin of the other kind: the same model on as many GPUs under the same workload. */
function offloadWords(evaluated: readonly Evaluated[]): string[] {
  const twins = Map.groupBy(evaluated, ({ run }) =>
    [run.model, run.tensorParallel, run.dataParallel, run.workload].join(" "),
  );
  const both = [...twins.values()].filter(
    (group) => new Set(group.map(({ run }) => run.hasCpuOffload)).size === 2,
  );
  return contrastWords(
    HEADLINE.flatMap((figure) => wholeCells(both.flat(), figure)),
    {
      isFirst: ({ run }) => run.hasCpuOffload,
      first: "with KV blocks copied to the host",
      others: "in the same runs without",
      because: "Copying is not simulated.",
    },
  );
}

interface Contrast {
  readonly isFirst: (cell: {
    readonly run: MeasuredRun;
    readonly stage: number | undefined;
  }) => boolean;
  readonly first: string;
  readonly others: string;
  readonly because: string;
}

/** One sentence over all figures for which one part is further off than the other by a telling amount. */
function contrastWords(cells: readonly Cell[], contrast: Contrast): string[] {
  const parts = HEADLINE.flatMap((figure): string[] => {
    const own = cells.filter(
      ({ metric, statistic }) => metric === figure.metric && statistic === figure.statistic,
    );
    const [first, others] = [
      own.filter(contrast.isFirst),
      own.filter((one) => !contrast.isFirst(one)),
    ];
    if (first.length < LEAST_RUNS || others.length < LEAST_RUNS) return [];
    const [one, other] = [first, others].map((part) => median(part.map(({ error }) => error)));
    if (Math.abs(one!) - Math.abs(other!) < TELLING) return [];
    return [
      `${figureName(figure)} by ${signedPercent(one!)} ${contrast.first}, ${signedPercent(other!)} ${contrast.others}`,
    ];
  });
  return parts.length === 0 ? [] : [`Off in the median: ${parts.join("; ")}. ${contrast.because}`];
}

function overloadWords(evaluated: readonly Evaluated[]): string[] {
  const labels = runLabels(evaluated.map(({ run }) => run));
  return evaluated
    .filter(({ run }) => run.isOverload)
    .flatMap((one): string[] => {
      if (overloadError(one) <= MOST_OVERLOAD) return [];
      const [e2e, throughput] = [meanError(one, "e2e") ?? 0, throughputError(one) ?? 0];
      return [
        `Overloaded, ${labels.get(one.run)!} is beyond ${percentText(MOST_OVERLOAD)}: E2E mean ${signedPercent(e2e)}, throughput ${signedPercent(throughput)}.`,
      ];
    });
}
