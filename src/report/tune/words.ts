/** A tuning in tables and sentences, for a terminal. */
import { counted, percentOf, promiseLimit, toldOnce } from "../../results/plan-words.ts";
import type { PlanPromise } from "../../results/plan.ts";
import type { TuneMeasure, TuneResult } from "../../results/tune.ts";
import { formatCount, formatShare } from "../format.ts";
import { pressureText } from "../plan/words.ts";
import { cleaned, type SummaryTable } from "../summary.ts";

/** The tune's last line. */
export function tuneLine(tune: TuneResult, seconds: number): string {
  const effort = `${formatCount(tune.work.simulations)} simulations in ${Math.ceil(seconds)} s`;
  const { own, found, isBetter } = tune;
  if (!isBetter) return `tune: the file's own settings stand, ${stateOf(own)}, ${effort}`;
  return `tune: ${counted(tune.changes.length, "change")}, ${stateOf(found)} (before: ${stateOf(own)}), ${effort}`;
}

export function stateOf({ broken, worstPressure }: TuneMeasure): string {
  const worst = worstPressure === null ? "requests lost" : `worst at ${formatShare(worstPressure)}`;
  return `${broken === 0 ? "no promise broken" : counted(broken, "promise") + " broken"}, ${worst}`;
}

/** What fresh seeds say of the best that was found. */
export function tuneWords({ factor, confidence, seeds, isBetter, objective }: TuneResult): string {
  const percent = percentOf(confidence);
  const change =
    factor === null
      ? "no factor, for requests were lost"
      : `x ${factor.mean.toFixed(3)} (${factor.low.toFixed(3)} to ${factor.high.toFixed(3)} at ${percent} %)`;
  const verdict = isBetter
    ? "That is better."
    : "That is not clearly better, so the file's own settings stand.";
  return `Sought: ${objective}. On ${counted(seeds.length, "fresh seed")}, run by run, the worst promise's pressure changed by ${change}. ${verdict}`;
}

/** Places of the promises that are told: one that is a target and the objective at once is told once. */
export function toldPlaces(all: readonly PlanPromise[]): readonly number[] {
  return toldOnce([...all.keys()], (at) => all[at]!);
}

/** Every promise with the file's settings and with those found, on fresh seeds; both measures hold them in one order. */
export function tuneTables(tune: TuneResult): readonly SummaryTable[] {
  const { own, found } = tune;
  const all = own.promises.map(({ promise }) => promise);
  const text = (measure: TuneMeasure, at: number): string => {
    const { promise, pressure, broken } = measure.promises[at]!;
    const reading = { promise, pressure, isKept: broken === 0, missShare: 0 };
    return `${pressureText(reading, all)}${broken === 0 ? "" : `, broken in ${broken}`}`;
  };
  return [
    {
      title: `Promises over ${counted(tune.seeds.length, "fresh run")}`,
      head: ["Promise", "Before", "Found"],
      rows: toldPlaces(all).map((at) => [
        cleaned(promiseLimit(all[at]!, all)),
        text(own, at),
        text(found, at),
      ]),
    },
  ];
}
