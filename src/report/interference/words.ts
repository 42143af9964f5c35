/** How interference is put into words: its two measures, the headline, and what a reader must know before trusting it. */
import { differenceText } from "../compare/words.ts";
import { formatMs, formatPercent, formatTimes, MISSING } from "../format.ts";
import { type Change, type Effect, type Interference, mayBeChance } from "./matrix.ts";

export const THIN = "Under 100 samples on one side: nothing to say about its P99.";

export interface Measure {
  readonly id: "ttft" | "compliance";
  readonly title: string;
  readonly of: (effect: Effect) => Change | null;
  /** A value, and a change of it. */
  readonly value: (value: number) => string;
  readonly change: (change: Change) => string;
}

export const TTFT: Measure = {
  id: "ttft",
  title: "P99 of the time to first token",
  of: ({ ttftMsP99 }) => ttftMsP99,
  value: (ms) => formatMs(ms),
  change: ({ change }) => differenceText(change, "ms"),
};

export const COMPLIANCE: Measure = {
  id: "compliance",
  title: "Compliance",
  of: ({ complianceOwed }) => complianceOwed,
  value: (share) => formatPercent(share),
  change: ({ change }) => differenceText(change, "share"),
};

/** "1.40×": with, as a multiple of without. */
export function ratioText({ ratio, change }: Change): string {
  return change === 0 ? "1×" : formatTimes(ratio);
}

interface Found {
  readonly sufferer: string;
  readonly neighbour: string;
  readonly change: Change;
}

/** Every known change of a measure. */
export function changesOf({ tenants, neighbours }: Interference, measure: Measure): Found[] {
  return tenants.flatMap(({ tenant, effects }) =>
    effects.flatMap((effect, at) => {
      const change = effect === null ? null : measure.of(effect);
      if (change === null) return [];
      return [{ sufferer: tenant, neighbour: neighbours[at]!, change }];
    }),
  );
}

/** Who costs whom most, by each measure. */
export function interferenceHeadline(interference: Interference): string {
  const slowed = changesOf(interference, TTFT);
  const slower = slowed.filter(isClear).toSorted((a, b) => growth(b) - growth(a))[0];
  const losses = changesOf(interference, COMPLIANCE).filter(isClear);
  const worse = losses.toSorted((a, b) => a.change.change - b.change.change)[0];
  if (slowed.length === 0) {
    return "There is nothing to compare: no two tenants have a hundred requests each.";
  }
  const sentences =
    slower !== undefined && growth(slower) > 1
      ? [
          `${slower.neighbour} costs most: with it, ${slower.sufferer}'s P99 TTFT is ${formatMs(slower.change.present)} instead of ${formatMs(slower.change.absent)} (${ratioText(slower.change)}).`,
        ]
      : ["Nobody's presence clearly makes anybody's P99 TTFT longer."];
  if (worse === undefined || worse.change.change >= 0) {
    return [...sentences, "Nobody's presence clearly costs anybody compliance."].join(" ");
  }
  const { sufferer, neighbour, change } = worse;
  const lost = `${sufferer} keeps ${formatPercent(change.present)} with ${neighbour} and ${formatPercent(change.absent)} without`;
  return [...sentences, `The largest loss of compliance: ${lost}.`].join(" ");
}

/** An interval that holds zero, where there is one, makes no headline. */
function isClear({ change }: Found): boolean {
  return !mayBeChance(change);
}

function growth({ change }: Found): number {
  return change.ratio ?? 1;
}

/** Sentences, the most important first. */
export function interferenceNotes({ setting, confidence }: Interference): readonly string[] {
  const { seeds, dependentClients, owners } = setting;
  return [
    "Each figure is the row's tenant with the column's tenant present, less the same without its requests. All else is equal: seeds, arrivals of the others, platform.",
    confidence === null
      ? "One run each, no interval: a P99 of one run varies, so small changes may be chance. Add --replications."
      : `Means over ${seeds.length} replications; intervals are of the paired differences, Student's t at 95 %. Changes whose interval includes zero are muted in the tables: they may be chance.`,
    "Costs do not add up: two tenants who are bearable alone may be too much together.",
    ...(owners.length === 0
      ? []
      : [
          `A dedicated pool stays when its owner is absent (${owners.join(", ")}): its GPUs stand idle, unless it lends.`,
        ]),
    ...(dependentClients.length === 0
      ? []
      : [
          `${dependentClients.join(", ")} wait for answers or try again: what they send changes with how they are served, which is part of the effect.`,
        ]),
  ];
}

/** "412 ms with, 210 ms without", for hovering. */
export function bothText(change: Change, measure: Measure): string {
  return `${measure.value(change.present)} with, ${measure.value(change.absent)} without`;
}

/** What a cell without a figure shows. */
export function noneText(effect: Effect | null): string {
  return effect === null ? "·" : MISSING;
}
