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
  /** False once the budget is spent. */
  readonly mayGoOn: () => boolean;
}

export async function sensitivityOf(
  candidate: Candidate,
  options: SensitivityOptions,
): Promise<Sensitivity> {
  const asked = whatIfs(candidate);
  // All at once: they do not depend on each other.
  const answers = await Promise.all(asked.map((one) => answerOf(candidate, one, options)));
  for (const tried of answers) if (tried !== undefined) options.judge.countRuns(tried);
  const rows: SensitivityRow[] = [];
  for (const [at, one] of asked.entries()) {
    rows.push(await rowOf(candidate, { ...one, tried: answers[at] }, options));
  }
  return { rows, growths: asked.flatMap((one, at) => growthTried(one, answers[at])) };
}

async function answerOf(
  candidate: Candidate,
  { question }: WhatIf,
  { judge, horizon }: SensitivityOptions,
): Promise<Tried | undefined> {
  if (question.kind === "known") return undefined;
  return judge.look(candidate, { horizon, change: question.change });
}

function growthTried(
  { question }: WhatIf,
  tried: Tried | undefined,
): { readonly growth: number; readonly tried: Tried }[] {
  const growth = question.kind === "change" ? question.change.traffic?.growth : undefined;
  return growth === undefined || tried === undefined ? [] : [{ growth, tried }];
}

async function rowOf(
  candidate: Candidate,
  { id, what, question, tried }: WhatIf & { readonly tried: Tried | undefined },
  options: SensitivityOptions,
): Promise<SensitivityRow> {
  if (question.kind === "known" || tried === undefined) {
    const { isKept, note } =
      question.kind === "known" ? question : { isKept: null, note: "not simulated" };
    return { id, what, isKept, worst: null, gpusNeeded: null, usdPerHourNeeded: null, note };
  }
  const isKept = tried.fit.kind === "met";
  const { traffic } = question.change;
  const larger =
    !isKept && traffic !== undefined ? await largerFor(candidate, traffic, options) : undefined;
  const needed = isKept ? candidate : larger;
  const price = needed && priceOf(needed.design, needed.sizes);
  return {
    id,
    what,
    isKept,
    worst: tried.worst,
    gpusNeeded: price?.gpus ?? null,
    usdPerHourNeeded: price === undefined ? null : price.nanoUsdPerHour / 1e9,
    note: noteOf(candidate, traffic, tried),
  };
}

function noteOf({ design }: Candidate, traffic: TrafficChange | undefined, tried: Tried): string {
  const notes: string[] = [];
  if (!tried.isWhole) notes.push("left as soon as a miss was certain: at least this");
  const isLimited = design.scenario.platform.tenants.some(
    ({ quotas }) => quotas.maxQps !== Infinity || quotas.maxTokensPerDay !== Infinity,
  );
  if ((traffic?.growth ?? 1) > 1 && isLimited) {
    notes.push("quotas as they are: what exceeds them is refused");
  }
  return notes.join("; ");
}

/** Sizes tried between the answer's and what growth in proportion, with half as much again to spare, would come to. */
const SCALE_STEPS = 8;
const SPARE = 1.5;

/** The least multiple of the answer's sizes that keeps every promise then; undefined where none within the limits does. */
async function largerFor(
  { design, sizes }: Candidate,
  traffic: TrafficChange,
  { judge, horizon, mostGpus, mayGoOn }: SensitivityOptions,
): Promise<Candidate | undefined> {
  const change = traffic.growth ?? traffic.promptScale ?? traffic.burstScale ?? 1;
  const most = 1 + SPARE * (change - 1);
  let low = 0;
  let high = SCALE_STEPS + 1;
  let found: Candidate | undefined;
  while (high - low > 1 && mayGoOn()) {
    const middle = Math.floor((low + high) / 2);
    const factor = 1 + ((most - 1) * middle) / SCALE_STEPS;
    const candidate = {
      design,
      sizes: sizes.map((size, at) => Math.min(design.sized[at]!.most, Math.ceil(size * factor))),
    };
    const isWithin = priceOf(design, candidate.sizes).gpus <= mostGpus;
    const tried = isWithin
      ? await judge.look(candidate, { horizon, change: { traffic } })
      : undefined;
    if (tried !== undefined) judge.countRuns(tried);
    if (tried?.fit.kind === "met") found = candidate;
    // What is beyond the limits is no answer, and neither is anything larger.
    if (tried === undefined || tried.fit.kind === "met") high = middle;
    else low = middle;
  }
  return found;
}
