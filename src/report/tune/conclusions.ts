/** What a reader who stops after one page should know of a tuning, matter by matter. */
import { counted, percentOf, promiseLimit } from "../../results/plan-words.ts";
import type { TuneMeasure, TuneResult } from "../../results/tune.ts";
import type { Conclusion } from "../document.ts";
import { formatCount, formatShare } from "../format.ts";
import { shareWords } from "../plan/words.ts";
import { joinWords } from "../verdict.ts";
import { tuneWords } from "./words.ts";

/** The answer in a sentence. */
export function tuneHeadline({ isBetter, changes, own, found }: TuneResult): string {
  if (!isBetter) {
    return `The file's own settings stand: nothing that was tried is clearly better, with ${brokenWords(own)}.`;
  }
  return `${counted(changes.length, "change")} to the file: ${brokenWords(found)} instead of ${brokenWords(own)}, and the worst promise at ${shareWords(found.worstPressure)} instead of ${shareWords(own.worstPressure)}.`;
}

function brokenWords({ broken }: TuneMeasure): string {
  return broken === 0 ? "no promise broken" : `${counted(broken, "promise")} broken`;
}

export function tuneConclusions(tune: TuneResult): readonly Conclusion[] {
  const { changes } = tune;
  const all: readonly Conclusion[] = [
    { topic: "What was asked", sentences: [askedWords(tune)] },
    {
      topic: "The settings",
      sentences:
        changes.length === 0
          ? ["Those of the scenario's file."]
          : [`Changed: ${changes.map(({ path, value }) => `\`${path}=${value}\``).join(", ")}.`],
    },
    { topic: "Promises", sentences: promiseWords(tune) },
    { topic: "How sure that is", sentences: [tuneWords(tune)] },
    { topic: "What to do next", sentences: nextWords(tune) },
  ];
  return all.filter(({ sentences }) => sentences.length > 0);
}

function askedWords({ varied, tried, work, confidence }: TuneResult): string {
  const names = varied.map(({ path, values }) => `${path} (${counted(values.length, "value")})`);
  return `Better settings for the platform as it is, at ${percentOf(confidence)} % confidence. Varied: ${joinWords(names)}. ${formatCount(tried.length)} combinations were tried, in ${formatCount(work.simulations)} simulations of ${formatCount(work.requests)} requests.`;
}

function promiseWords({ own, found, isBetter }: TuneResult): readonly string[] {
  const all = own.promises.map(({ promise }) => promise);
  const after = isBetter ? found : own;
  const broken = after.promises.filter((one) => one.broken > 0);
  const still = broken.map(
    ({ promise, broken: runs }) => `${promiseLimit(promise, all)}, in ${counted(runs, "run")}`,
  );
  const worst =
    after.worst === null
      ? []
      : [
          `The tightest is ${promiseLimit(after.worst, all)}: ${shareWords(after.worstPressure)} in the mean of the fresh runs${isBetter ? `, ${formatShare(own.worstPressure)} for the tightest before` : ""}.`,
        ];
  return [
    ...worst,
    still.length === 0
      ? "No fresh run broke a promise."
      : `Still broken on fresh seeds: ${still.join("; ")}.`,
  ];
}

function nextWords({ isBetter, own, found }: TuneResult): readonly string[] {
  const after = isBetter ? found : own;
  return [
    ...(isBetter
      ? [
          "Apply the patch (`tune.patch`, or `--write`), and watch the tightest promise on the live platform.",
        ]
      : []),
    ...(after.broken > 0
      ? ["Settings alone do not keep every promise: `tenantry plan` says what platform does."]
      : []),
    ...(!isBetter && after.broken === 0 ? ["Leave the settings as they are."] : []),
  ];
}
