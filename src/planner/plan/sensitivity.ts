/**
 * What becomes of the answer when things turn out otherwise: more traffic, longer prompts, burstier arrivals, a GPU or a machine
 * lost. On the search's seeds and horizon, so that rows differ by nothing but the change. Where other traffic breaks a promise,
 * the answer's own proportions are scaled up until it holds.
 */
import type { SensitivityRow } from "../../results/plan.ts";
import type { TrafficChange } from "../traffic-change.ts";
import { priceOf } from "./design.ts";
import type { Candidate, Horizon, Judge, Tried } from "./judge.ts";
import { type WhatIf, whatIfs } from "./what-ifs.ts";

export interface Sensitivity {
  readonly rows: readonly SensitivityRow[];
  /** The growths tried. */
  readonly growths: readonly { readonly growth: number; readonly tried: Tried }[];
}

export interface SensitivityOptions {
  readonly judge: Judge;
  readonly horizon: Horizon;
  readonly mostGpus: number;
  /** False where the budget is spent: what would be needed then is not searched. */
  readonly mayGoOn: boolean;
}

export async function sensitivityOf(
  candidate: Candidate,
  options: SensitivityOptions,
): Promise<Sensitivity> {
  const all = whatIfs(candidate);
  // All at once, as they do not depend on each other, but for growth: what breaks under some breaks under more.
  const [growth, others] = await Promise.all([
    growthRows(candidate, all.filter(isGrowth), options),
    Promise.all(
      all
        .filter((one) => !isGrowth(one))
        .map(async (one) => {
          const tried = await answerOf(candidate, one, options);
          return rowOf(candidate, { one, tried, brokenAt: undefined }, options);
        }),
    ),
  ]);
  return { rows: [...growth.rows, ...others], growths: growth.growths };
}

function isGrowth(one: WhatIf): boolean {
  return growthIn(one) !== undefined;
}

async function growthRows(
  candidate: Candidate,
  growing: readonly WhatIf[],
  options: SensitivityOptions,
): Promise<Sensitivity> {
  const rows: Promise<SensitivityRow>[] = [];
  const growths: { growth: number; tried: Tried }[] = [];
  let brokenAt: number | undefined;
  for (const one of growing) {
    const growth = growthIn(one)!;
    const tried = brokenAt === undefined ? await answerOf(candidate, one, options) : undefined;
    if (tried !== undefined) growths.push({ growth, tried });
    rows.push(rowOf(candidate, { one, tried, brokenAt }, options));
    if (tried !== undefined && tried.fit.kind !== "met") brokenAt = growth;
  }
  return { rows: await Promise.all(rows), growths };
}

function growthIn({ question }: WhatIf): number | undefined {
  return question.kind === "change" ? question.change.traffic?.growth : undefined;
}

async function answerOf(
  candidate: Candidate,
  { question }: WhatIf,
  { judge, horizon }: SensitivityOptions,
): Promise<Tried | undefined> {
  if (question.kind === "known") return undefined;
  const tried = await judge.look(candidate, { horizon, change: question.change });
  judge.countRuns(tried);
  return tried;
}

interface Answered {
  readonly one: WhatIf;
  readonly tried: Tried | undefined;
  /** The growth that is known to break a promise, for one that is larger. */
  readonly brokenAt: number | undefined;
}

async function rowOf(
  candidate: Candidate,
  { one, tried, brokenAt }: Answered,
  options: SensitivityOptions,
): Promise<SensitivityRow> {
  const { id, what, question } = one;
  const nothing = { worst: null, gpusNeeded: null, usdPerHourNeeded: null };
  if (question.kind === "known") {
    return { id, what, isKept: question.isKept, ...nothing, note: question.note };
  }
  const { traffic } = question.change;
  const isKept = tried?.fit.kind === "met";
  const needed = isKept ? candidate : await largerFor(candidate, traffic, options);
  const price = needed && priceOf(needed.design, needed.sizes);
  return {
    id,
    what,
    isKept,
    worst: tried?.worst ?? null,
    gpusNeeded: price?.gpus ?? null,
    usdPerHourNeeded: price === undefined ? null : price.nanoUsdPerHour / 1e9,
    note:
      tried === undefined ? `broken at x ${brokenAt} already` : noteOf(candidate, traffic, tried),
  };
}

function noteOf({ design }: Candidate, traffic: TrafficChange | undefined, tried: Tried): string {
  const notes: string[] = [];
  if (!tried.isWhole) notes.push("left as soon as a miss was certain: at least this");
  if (tried.fit.kind === "met" && tried.missed > 0) {
    notes.push(`${tried.missed} of ${tried.runs.length} runs missed, as few as chance may`);
  }
  const isLimited = design.scenario.platform.tenants.some(
    ({ quotas }) => quotas.maxQps !== Infinity || quotas.maxTokensPerDay !== Infinity,
  );
  if ((traffic?.growth ?? 1) > 1 && isLimited) {
    notes.push("quotas as they are: what exceeds them is refused");
  }
  return notes.join("; ");
}

/** Bursts and longer prompts may take more than growth in proportion would come to: sizes are tried up to this multiple of that. Assumed. */
const MOST_MULTIPLE = 1.35;

/** The least platform in the answer's proportions that keeps every promise; undefined where none within the limits does. */
async function largerFor(
  candidate: Candidate,
  traffic: TrafficChange | undefined,
  { judge, horizon, mostGpus, mayGoOn }: SensitivityOptions,
): Promise<Candidate | undefined> {
  if (traffic === undefined || !mayGoOn) return undefined;
  const all = inProportion(candidate, MOST_MULTIPLE * Math.max(1, scaleOf(traffic))).filter(
    ({ design, sizes }) => priceOf(design, sizes).gpus <= mostGpus,
  );
  let low = -1;
  let high = all.length;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const tried = await judge.look(all[middle]!, { horizon, change: { traffic } });
    judge.countRuns(tried);
    if (tried.fit.kind === "met") high = middle;
    else low = middle;
  }
  return all[high];
}

/** Every platform larger than this one in its proportions, a replica more at a time, up to this multiple of it. */
function inProportion({ design, sizes }: Candidate, most: number): Candidate[] {
  const own = sizes.reduce((sum, size) => sum + size, 0);
  const all: Candidate[] = [];
  let before = sizes;
  for (let total = own + 1; total <= Math.ceil(own * most); total++) {
    const larger = sizes.map((size, at) => {
      return Math.min(design.sized[at]!.most, Math.ceil((size * total) / own));
    });
    if (larger.every((size, at) => size === before[at])) continue;
    before = larger;
    all.push({ design, sizes: larger });
  }
  return all;
}

function scaleOf({ growth = 1, promptScale = 1, burstScale = 1 }: TrafficChange): number {
  return growth * promptScale * burstScale;
}
