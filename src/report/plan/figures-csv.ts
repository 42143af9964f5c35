/** Every figure of a plan's answer for a spreadsheet: what it costs, how sure it is, and what it would take otherwise. */
import type { PlanResult } from "../../results/plan.ts";
import { promiseLimit, toldOnce } from "../../results/plan-words.ts";
import { csvText, type CsvValue } from "../csv.ts";
import { sizesText } from "./words.ts";

type Row = readonly CsvValue[];

/** A row per figure, with every digit. */
export function figuresCsv(plan: PlanResult): string {
  const rows = [
    ...answerRows(plan),
    ...confidenceRows(plan),
    ...costRows(plan),
    ...poolRows(plan),
    ...promiseRows(plan),
    ...tenantRows(plan),
    ...plan.sensitivity.flatMap(({ what, worst, gpusNeeded, usdPerHourNeeded }): readonly Row[] => [
      ["case", what, "pressure", "ratio", worst?.pressure ?? null],
      ["case", what, "gpus-needed", "count", gpusNeeded],
      ["case", what, "usd-per-hour-needed", "usd", usdPerHourNeeded],
    ]),
    ...plan.frontier.flatMap(({ gpus, usdPerHour, worst, sizes }): readonly Row[] => {
      const name = sizesText(sizes);
      return [
        ["tried", name, "gpus", "count", gpus],
        ["tried", name, "usd-per-hour", "usd", usdPerHour],
        ["tried", name, "pressure", "ratio", worst.pressure],
      ];
    }),
  ];
  return csvText([["of", "name", "figure", "unit", "value"], ...rows]);
}

function answerRows({ answer, own, runway }: PlanResult): readonly Row[] {
  return [
    ["own", "", "gpus", "count", own.gpus],
    ["own", "", "usd-per-hour", "usd", own.usdPerHour],
    ["answer", "", "gpus", "count", answer?.gpus ?? null],
    ["answer", "", "usd-per-hour", "usd", answer?.usdPerHour ?? null],
    ["answer", "", "breaks-at", "ratio", runway?.breaksAt ?? null],
    ["answer", "", "months", "count", runway?.months ?? null],
  ];
}

function confidenceRows({ confirmation }: PlanResult): readonly Row[] {
  if (confirmation === null) return [];
  return [
    ["answer", "", "confidence", "share", confirmation.confidence],
    ["answer", "", "runs-missed", "count", confirmation.runsMissed],
    ["answer", "", "kept-share-at-least", "share", confirmation.keptShareAtLeast],
  ];
}

function costRows({ costs }: PlanResult): readonly Row[] {
  if (costs === null) return [];
  return [
    ["answer", "", "usd-per-month", "usd", costs.usdPerMonth],
    ["answer", "", "usd-per-request", "usd", costs.usdPerRequest],
    ["answer", "", "usd-per-million-tokens", "usd", costs.usdPerMillionTokens],
    ["answer", "", "busy", "share", costs.busy],
  ];
}

function poolRows({ answer }: PlanResult): readonly Row[] {
  return (answer?.pools ?? []).flatMap(({ name, replicas, gpus, usdPerHour }): readonly Row[] => [
    ["pool", name, "replicas", "count", replicas],
    ["pool", name, "gpus", "count", gpus],
    ["pool", name, "usd-per-hour", "usd", usdPerHour],
  ]);
}

function promiseRows({ confirmation, ask }: PlanResult): readonly Row[] {
  const told = toldOnce(confirmation?.promises ?? [], ({ promise }) => promise);
  return told.flatMap(({ promise, pressure, spread, predictedAtMost }): readonly Row[] => [
    ["promise", promiseLimit(promise, ask.promises), "pressure", "ratio", pressure],
    ["promise", promiseLimit(promise, ask.promises), "spread", "ratio", spread],
    ["promise", promiseLimit(promise, ask.promises), "predicted-at-most", "ratio", predictedAtMost],
  ]);
}

function tenantRows({ costs }: PlanResult): readonly Row[] {
  return (costs?.tenants ?? []).flatMap((tenant): readonly Row[] => [
    ["tenant", tenant.name, "used-usd-per-hour", "usd", tenant.usedUsdPerHour],
    ["tenant", tenant.name, "own-idle-usd-per-hour", "usd", tenant.ownIdleUsdPerHour],
    ["tenant", tenant.name, "shared-idle-usd-per-hour", "usd", tenant.sharedIdleUsdPerHour],
    ["tenant", tenant.name, "usd-per-hour", "usd", tenant.usdPerHour],
    ["tenant", tenant.name, "usd-per-request", "usd", tenant.usdPerRequest],
    ["tenant", tenant.name, "usd-per-million-tokens", "usd", tenant.usdPerMillionTokens],
    ["tenant", tenant.name, "billed-usd-per-hour", "usd", tenant.billedUsdPerHour],
  ]);
}
