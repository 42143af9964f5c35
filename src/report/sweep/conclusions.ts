/** What a reader who stops after one page should know of a sweep, matter by matter. */
import type { Conclusion } from "../document.ts";
import { formatCount, formatTimes, listed } from "../format.ts";
import { hourly, keepers } from "./ranking.ts";
import type { Sweep, SweepDimension, SweepRow } from "./sweep.ts";
import { trafficLevels } from "./traffic.ts";
import { chanceWords, cheapestWords, costText, pointText, verdictText } from "./words.ts";

export function sweepConclusions(sweep: Sweep): readonly Conclusion[] {
  const all: readonly Conclusion[] = [
    { topic: "What was asked", sentences: [askedWords(sweep)] },
    { topic: "Promises", sentences: promiseWords(sweep) },
    { topic: "Cost", sentences: costWords(sweep) },
    { topic: "What moves it", sentences: effectWords(sweep) },
    { topic: "How sure that is", sentences: [chanceWords(sweep, sweep.seeds.length)] },
    { topic: "What to do next", sentences: nextWords(sweep) },
  ];
  return all.filter(({ sentences }) => sentences.length > 0);
}

function askedWords({ variants, seeds, dimensions, isSampled }: Sweep): string {
  const spans = dimensions.map(({ name, values }) =>
    values.length === 1
      ? `${name} = ${values[0]}`
      : `${name} from ${values[0]} to ${values.at(-1)} (${formatCount(values.length)} values)`,
  );
  const how = isSampled ? "drawn as a Latin hypercube" : "every combination";
  const runs = seeds.length === 1 ? "one run each" : `${formatCount(seeds.length)} runs each`;
  return `${formatCount(variants.length)} variants of the scenario, ${how}, ${runs}: ${listed(spans)}.`;
}

/** Whose promises break how often: the tier that breaks in most variants is what decides. */
function promiseWords({ variants }: Sweep): readonly string[] {
  const all = formatCount(variants.length);
  const kept = variants.filter(({ verdict }) => verdict === "met").length;
  const names = variants[0]?.tiers.map(({ name }) => name) ?? [];
  const missing = names.flatMap((name, at) => {
    const count = variants.filter(({ tiers }) => tiers[at]?.verdict === "missed").length;
    return count === 0 ? [] : [`${name} misses in ${formatCount(count)}`];
  });
  const unknown = variants.filter(({ verdict }) => verdict === "not-enough-data").length;
  return [
    `${formatCount(kept)} of ${all} keep every promise, in every run${missing.length === 0 ? "" : `; ${listed(missing)}`}.`,
    ...(unknown === 0 ? [] : [`${formatCount(unknown)} had too few requests to judge.`]),
  ];
}

function costWords(sweep: Sweep): readonly string[] {
  const levels = trafficLevels(sweep);
  if (levels.length > 1) {
    return [cheapestWords(sweep, levels)];
  }
  const kept = keepers(sweep);
  const [best] = kept;
  if (best === undefined) return [];
  const below = sweep.variants
    .filter((row) => hourly(row) < hourly(best))
    .toSorted((a, b) => hourly(b) - hourly(a))[0];
  const dearest = kept.at(-1)!;
  return [
    `The cheapest that keeps every promise is ${pointText(sweep, best.point)} at ${costText(best)}${hourly(dearest) > hourly(best) ? `; the dearest costs ${costText(dearest)}` : ""}.`,
    ...(below === undefined
      ? ["Nothing that was tried is cheaper."]
      : [
          `The next below it, ${pointText(sweep, below.point)} at ${costText(below)}, does not (${verdictText(below)}).`,
        ]),
  ];
}

interface Effect {
  readonly name: string;
  readonly low: number;
  readonly lowAt: string;
  readonly high: number;
  readonly highAt: string;
}

/** Of a grid only: there every value of a dimension meets all those of the others, so that means over them compare like with like. */
function effectWords(sweep: Sweep): readonly string[] {
  if (sweep.isSampled) return [];
  const effects = sweep.dimensions
    .flatMap((dimension, at) => effectOf(sweep, dimension, at) ?? [])
    .toSorted((a, b) => b.high / b.low - a.high / a.low);
  if (effects.length === 0) return [];
  const each = effects.map(
    ({ name, low, lowAt, high, highAt }) =>
      `${name}, from ${formatTimes(low)} at ${lowAt} to ${formatTimes(high)} at ${highAt}`,
  );
  const others = sweep.dimensions.length > 1 ? ", each on average over all the others" : "";
  return [
    `What was measured over what was promised, of the target that is worst off${others}: ${each.join("; ")}.`,
  ];
}

function effectOf(
  { variants }: Sweep,
  { name, values }: SweepDimension,
  at: number,
): Effect | undefined {
  const means = values.flatMap((value) => {
    const own = variants.filter(({ point }) => point[at] === value).map(worstPressure);
    const known = own.filter((pressure) => pressure !== undefined);
    if (known.length === 0 || known.length < own.length) return [];
    return [{ value, mean: known.reduce((sum, one) => sum + one, 0) / known.length }];
  });
  if (means.length < 2) return undefined;
  const sorted = means.toSorted((a, b) => a.mean - b.mean);
  const [least] = sorted;
  const most = sorted.at(-1);
  if (least === undefined || most === undefined || least.mean <= 0) return undefined;
  return { name, low: least.mean, lowAt: least.value, high: most.mean, highAt: most.value };
}

function worstPressure({ tiers }: SweepRow): number | undefined {
  const known = tiers.flatMap(({ pressure }) => (pressure === null ? [] : [pressure]));
  return known.length === 0 ? undefined : Math.max(...known);
}

function nextWords(sweep: Sweep): readonly string[] {
  const kept = keepers(sweep);
  const [best] = kept;
  const more =
    sweep.seeds.length > 1
      ? []
      : ["Repeat it with `--replications 5` before a choice rests on one seed."];
  if (best === undefined) {
    return [
      "Widen what is varied, or let `tenantry plan` search the cheapest platform that keeps every promise.",
      ...more,
    ];
  }
  const edges = trafficLevels(sweep).length > 1 ? [] : edgesOf(sweep, best);
  return [
    ...(edges.length === 0
      ? []
      : [`The cheapest lies at the edge of ${listed(edges)}: values beyond may do, too.`]),
    ...more,
    "Hold the choice against what there is with `tenantry compare`, and let `tenantry plan` confirm it on fresh seeds.",
  ];
}

/** Dimensions of numbers of which the variant has the first or the last value. */
function edgesOf({ dimensions }: Sweep, { point }: SweepRow): readonly string[] {
  return dimensions.flatMap(({ name, values, numbers }, at) =>
    numbers !== null &&
    values.length > 2 &&
    (point[at] === values[0] || point[at] === values.at(-1))
      ? [name]
      : [],
  );
}
