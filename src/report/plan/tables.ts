/** The tables of a plan: pools, promises, runner-ups, the way there, cost against promises, sensitivity, tenants' costs. */
import type {
  FrontierPoint,
  PlanResult,
  PlanStep,
  PlannedPlatform,
  SensitivityRow,
} from "../../results/plan.ts";
import { promiseLimit, toldOnce } from "../../results/plan-words.ts";
import { formatCount, formatShare, formatUsd } from "../format.ts";
import { type Cell, cell, left, right, type Table, toned, type Tone } from "../table.ts";
import { designText, pressureText, readingText, sizesText } from "./words.ts";

/** Rows of the way there that a page shows at most: the rest is in plan.json. */
const MOST_STEPS = 60;

export function poolTable({ answer }: PlanResult): Table | undefined {
  if (answer === null) return undefined;
  return {
    title: "The platform",
    columns: [
      left("Pool"),
      left("For"),
      left("GPU"),
      right("Replicas"),
      right("Before", "In the scenario's file."),
      right("GPUs"),
      right("$/h"),
      left("Lends"),
    ],
    rows: answer.pools.map((pool) => [
      cell(pool.name),
      cell(pool.owner ?? "all"),
      cell(pool.gpusPerReplica === 1 ? pool.gpu : `${pool.gpusPerReplica} x ${pool.gpu}`),
      cell(formatCount(pool.replicas)),
      cell(formatCount(pool.replicasBefore), "The scenario has no such pool."),
      cell(formatCount(pool.gpus)),
      cell(formatUsd(pool.usdPerHour)),
      cell(pool.kind === "shared" ? "—" : pool.lend ? "yes" : "no", "Only dedicated pools lend."),
    ]),
  };
}

export function promiseTable({ confirmation, ask }: PlanResult): Table | undefined {
  if (confirmation === null || confirmation.promises.length === 0) return undefined;
  const told = toldOnce(confirmation.promises, ({ promise }) => promise);
  return {
    title: "Promises over the fresh runs",
    columns: [
      left("Promise"),
      right("Mean", "Geometric mean over runs of what the promised share of requests is within."),
      right("Of limit", "The same as a share of the limit."),
      right("Spread", "Standard deviation of its logarithm over runs."),
      right("One more run", "Its prediction limit, at the error divided among all promises."),
    ],
    rows: told.map(({ promise, pressure, spread, predictedAtMost }) => {
      const reading = (value: number | null) => ({
        promise,
        pressure: value,
        isKept: true,
        missShare: 0,
      });
      const isWithin = predictedAtMost !== null && predictedAtMost <= 1;
      return [
        cell(promiseLimit(promise, ask.promises)),
        cell(pressure === null ? "—" : pressureText(reading(pressure), ask.promises)),
        cell(formatShare(pressure)),
        cell(formatShare(spread)),
        predictedAtMost === null
          ? cell("—")
          : toned(
              `up to ${pressureText(reading(predictedAtMost), ask.promises)}`,
              isWithin ? "good" : "muted",
            ),
      ];
    }),
  };
}

const STATUS: Readonly<Record<PlannedPlatform["status"], readonly [string, Tone]>> = {
  confirmed: ["confirmed", "good"],
  kept: ["kept", "plain"],
  missed: ["missed", "bad"],
  open: ["open", "muted"],
  dropped: ["dropped", "muted"],
  excluded: ["not simulated", "muted"],
};

export function runnerUpTable({ runnersUp, ask }: PlanResult): Table | undefined {
  if (runnersUp.length === 0) return undefined;
  return {
    title: "Runner-ups",
    columns: [
      left("Platform"),
      left("Sizes"),
      right("GPUs"),
      right("$/h"),
      left("Status"),
      left("Worst promise"),
      { ...left("Why not"), isProse: true },
    ],
    rows: runnersUp.map((one) => [
      cell(designText(one.design)),
      cell(sizesText(one.pools.map(({ name: pool, replicas }) => ({ pool, replicas })))),
      cell(formatCount(one.gpus)),
      cell(formatUsd(one.usdPerHour)),
      toned(...STATUS[one.status]),
      cell(readingText(one.worst, ask.promises)),
      cell(one.why),
    ]),
  };
}

const PHASES: Readonly<Record<PlanStep["phase"], string>> = {
  size: "sizes",
  prove: "is anything cheaper?",
  design: "another design",
  halving: "halving",
  confirm: "fresh seeds",
};

const OUTCOMES: Readonly<Record<PlanStep["outcome"], readonly [string, Tone]>> = {
  kept: ["kept", "good"],
  missed: ["missed", "bad"],
  open: ["open", "muted"],
  unknown: ["too little data", "muted"],
  excluded: ["not simulated", "muted"],
};

export function pathTable({ path, ask }: PlanResult): Table | undefined {
  if (path.length === 0) return undefined;
  const shown = path.slice(0, MOST_STEPS);
  const rest = path.length - shown.length;
  return {
    title: "The way there",
    columns: [
      right("Step"),
      left("Asked"),
      left("Design"),
      left("Replicas"),
      right("GPUs"),
      right("$/h"),
      right("Runs"),
      right("Part", "Of the run that was simulated."),
      left("Outcome"),
      { ...left("Worst promise"), isProse: true },
    ],
    rows: shown.map((step, at) => [
      cell(String(at + 1)),
      cell(PHASES[step.phase]),
      cell(designText(step.design)),
      cell(sizesText(step.sizes)),
      cell(formatCount(step.gpus)),
      cell(formatUsd(step.usdPerHour)),
      cell(formatCount(step.seeds)),
      cell(step.horizon === 0 ? "—" : formatShare(step.horizon), "Nothing was simulated."),
      toned(outcomeText(step), OUTCOMES[step.outcome][1]),
      step.note === "" ? cell(readingText(step.worst, ask.promises)) : cell(step.note),
    ]),
    ...(rest > 0 && { note: `${formatCount(rest)} more steps are in plan.json.` }),
  };
}

/** "kept", "kept in 7 of 8". */
function outcomeText({ outcome, seeds, missed }: PlanStep): string {
  const [text] = OUTCOMES[outcome];
  return outcome === "kept" && missed > 0 ? `${text} in ${seeds - missed} of ${seeds}` : text;
}

export function boundTable({ bounds }: PlanResult): Table | undefined {
  if (bounds.length === 0) return undefined;
  return {
    title: "Bounds, before anything was simulated",
    columns: [left("Design"), left("About"), { ...left("Bound"), isProse: true }],
    rows: bounds.map(({ design, kind, words, isImpossible }): readonly Cell[] => [
      cell(designText(design)),
      cell(kind),
      isImpossible ? toned(words, "bad") : cell(words),
    ]),
  };
}

export function frontierTable({ frontier, ask }: PlanResult): Table | undefined {
  if (frontier.length === 0) return undefined;
  return {
    title: "Cost against promises",
    note: "Of all platforms tried, those that nothing cheaper outdoes; on the search's seeds.",
    columns: [
      left("Platform"),
      left("Replicas"),
      right("GPUs"),
      right("$/h"),
      left("Every promise"),
      left("Worst promise"),
    ],
    rows: frontier.map((point) => [
      cell(designText(point.design)),
      cell(sizesText(point.sizes)),
      cell(formatCount(point.gpus)),
      cell(formatUsd(point.usdPerHour)),
      frontierCell(point),
      cell(readingText(point.worst, ask.promises)),
    ]),
  };
}

function frontierCell({ isKept, runs, missed }: FrontierPoint): Cell {
  if (!isKept) return toned("missed", "bad");
  return toned(missed === 0 ? "kept" : `kept in ${runs - missed} of ${runs}`, "good");
}

export function sensitivityTable({ sensitivity, ask }: PlanResult): Table | undefined {
  if (sensitivity.length === 0) return undefined;
  return {
    title: "If things turn out otherwise",
    columns: [
      left("What"),
      left("Every promise"),
      left("Worst promise"),
      right(
        "Then needed",
        "GPUs with which every promise is kept then, in the answer's proportions.",
      ),
      right("$/h then"),
      { ...left("Note"), isProse: true },
    ],
    rows: sensitivity.map((row) => [
      cell(row.what),
      keptCell(row),
      cell(readingText(row.worst, ask.promises), "Nothing was simulated."),
      cell(formatCount(row.gpusNeeded), "Not searched, or not found."),
      cell(formatUsd(row.usdPerHourNeeded), "Not searched, or not found."),
      cell(row.note),
    ]),
  };
}

function keptCell({ isKept }: SensitivityRow): Cell {
  if (isKept === null) return toned("—", "muted", "It cannot be said of this scenario.");
  return isKept ? toned("kept", "good") : toned("missed", "bad");
}

export function costTable({ costs }: PlanResult): Table | undefined {
  if (costs === null) return undefined;
  const total = costs.tenants.reduce((sum, { usdPerHour }) => sum + usdPerHour, 0);
  return {
    title: "What each tenant costs",
    note: "GPU cost: what a tenant uses, the idle time of its own pools, and a part of shared idle time by use. They add up to the platform.",
    columns: [
      left("Tenant"),
      left("Tier"),
      right("Used $/h"),
      right("Own idle $/h"),
      right("Shared idle $/h"),
      right("Cost $/h"),
      right("Per request"),
      right("Per M tokens"),
      right("Billed $/h", "By token prices and adapters."),
    ],
    rows: [
      ...costs.tenants.map((tenant) => [
        cell(tenant.name),
        cell(tenant.tier),
        cell(formatUsd(tenant.usedUsdPerHour)),
        cell(formatUsd(tenant.ownIdleUsdPerHour)),
        cell(formatUsd(tenant.sharedIdleUsdPerHour)),
        cell(formatUsd(tenant.usdPerHour)),
        cell(formatUsd(tenant.usdPerRequest)),
        cell(formatUsd(tenant.usdPerMillionTokens)),
        cell(formatUsd(tenant.billedUsdPerHour)),
      ]),
      [
        cell("All"),
        cell(""),
        cell(formatUsd(costs.tenants.reduce((sum, one) => sum + one.usedUsdPerHour, 0))),
        cell(formatUsd(costs.tenants.reduce((sum, one) => sum + one.ownIdleUsdPerHour, 0))),
        cell(formatUsd(costs.tenants.reduce((sum, one) => sum + one.sharedIdleUsdPerHour, 0))),
        cell(formatUsd(total)),
        cell(formatUsd(costs.usdPerRequest)),
        cell(formatUsd(costs.usdPerMillionTokens)),
        cell(formatUsd(costs.tenants.reduce((sum, one) => sum + one.billedUsdPerHour, 0))),
      ],
    ],
  };
}
