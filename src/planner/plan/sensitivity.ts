/**
 * What becomes of the answer when things turn out otherwise: more traffic, longer prompts, burstier arrivals, a GPU or a machine
 * lost. On the search's seeds and horizon, so that rows differ by nothing but the change. Where growth breaks a promise, the
 * answer's own proportions are scaled up until it holds; between the last growth that held and the first that broke lies the
 * platform's end.
 */
import { nodeReplicas, nodesOf } from "../../scenario/nodes.ts";
import type { PlanRunway, SensitivityRow } from "../../results/plan.ts";
import type { TrafficChange } from "../traffic-change.ts";
import { changesAnything } from "../traffic-change.ts";
import type { Variant } from "../variant.ts";
import { priceOf } from "./design.ts";
import type { Candidate, Horizon, Judge, Tried } from "./judge.ts";

interface Asked {
  readonly id: string;
  readonly what: string;
  readonly change: Pick<Variant, "traffic" | "lost">;
}

/** A row before it is asked: a change, or the reason that there is nothing to ask. */
type Row =
  | Asked
  | {
      readonly id: string;
      readonly what: string;
      readonly isKept: false | null;
      readonly note: string;
    };

const GROWTH = [1, 1.25, 1.5, 2] as const;
/** How much longer prompts and burstier arrivals are; assumed: what a new feature, and a marketing mail, come to. */
const PROMPT_SCALE = 1.5;
const BURST_SCALE = 1.5;

export interface Sensitivity {
  readonly rows: readonly SensitivityRow[];
  /** The growths tried, and whether they held. */
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
  const { judge, horizon } = options;
  const rows: SensitivityRow[] = [];
  const growths: { growth: number; tried: Tried }[] = [];
  const asked = rowsFor(candidate);
  // All at once: they do not depend on each other.
  const answers = await Promise.all(
    asked.map((row) =>
      "change" in row ? judge.look(candidate, { horizon, change: row.change }) : undefined,
    ),
  );
  for (const [at, row] of asked.entries()) {
    const tried = answers[at];
    if (tried === undefined || !("change" in row)) {
      rows.push({
        ...EMPTY,
        ...row,
        note: "note" in row ? row.note : "",
        isKept: "isKept" in row ? row.isKept : null,
      });
      continue;
    }
    judge.countRuns(tried);
    const isKept = tried.fit.kind === "met";
    const { traffic } = row.change;
    if (traffic?.growth !== undefined) growths.push({ growth: traffic.growth, tried });
    const needed =
      !isKept && traffic !== undefined ? await neededFor(candidate, traffic, options) : undefined;
    rows.push({
      id: row.id,
      what: row.what,
      isKept,
      worst: tried.worst,
      gpusNeeded: needed?.gpus ?? (isKept ? priceOf(candidate.design, candidate.sizes).gpus : null),
      usdPerHourNeeded:
        needed?.usdPerHour ??
        (isKept ? priceOf(candidate.design, candidate.sizes).nanoUsdPerHour / 1e9 : null),
      note: noteOf(candidate, row, tried),
    });
  }
  return { rows, growths };
}

const EMPTY = { worst: null, gpusNeeded: null, usdPerHourNeeded: null } as const;

function noteOf({ design }: Candidate, { change }: Asked, { isWhole }: Tried): string {
  const growth = change.traffic?.growth ?? 1;
  const notes: string[] = [];
  if (!isWhole) notes.push("left as soon as a miss was certain: the figure is at least this");
  const isLimited = design.scenario.platform.tenants.some(
    ({ quotas }) => quotas.maxQps !== Infinity || quotas.maxTokensPerDay !== Infinity,
  );
  if (growth > 1 && isLimited) notes.push("quotas as they are: what exceeds them is refused");
  return notes.join("; ");
}

function rowsFor(candidate: Candidate): Row[] {
  const traffic = (id: string, what: string, change: TrafficChange): Row =>
    changesAnything(candidate.design.scenario, change)
      ? { id, what, change: { traffic: change } }
      : { id, what, isKept: null, note: "nothing in this workload can be changed so" };
  return [
    ...GROWTH.map(
      (growth): Row => ({
        id: `growth-${growth}`,
        what: growth === 1 ? "as planned" : `traffic x ${growth}`,
        change: { traffic: { growth } },
      }),
    ),
    traffic("prompts", `prompts x ${PROMPT_SCALE}`, { promptScale: PROMPT_SCALE }),
    traffic("bursts", `burstier: gaps' variation x ${BURST_SCALE}`, { burstScale: BURST_SCALE }),
    ...lossRows(candidate),
  ];
}

/** Per pool, one replica less, and one machine less, for the whole run. */
function lossRows({ design, sizes }: Candidate): Row[] {
  return design.scenario.platform.pools.flatMap((config, pool) => {
    const at = design.sized.findIndex((one) => one.pool === pool);
    const replicas = at === -1 ? config.replicas : sizes[at]!;
    const sized = { ...config, replicas };
    const inNode = nodeReplicas(sized, 0).length;
    const machine = `one machine of ${config.gpusPerNode} GPUs lost in ${config.name}`;
    const rows = [lossRow(pool, replicas, 1, `one ${gpuWords(config)} lost in ${config.name}`)];
    // A pool within one machine loses it with one GPU more or all at once; the latter is told by the row.
    if (inNode > 1 && nodesOf(sized) >= 1) rows.push(lossRow(pool, replicas, inNode, machine));
    return rows;
  });
}

function gpuWords({
  gpusPerReplica,
  gpu,
}: {
  gpusPerReplica: number;
  gpu: { name: string };
}): string {
  return gpusPerReplica === 1 ? gpu.name : `${gpu.name} (a replica of ${gpusPerReplica})`;
}

function lossRow(pool: number, replicas: number, lost: number, what: string): Row {
  const id = `lost-${lost === 1 ? "gpu" : "node"}-${pool}`;
  return lost < replicas
    ? { id, what, change: { lost: [[pool, lost]] } }
    : { id, what, isKept: false, note: "nothing would be left of the pool" };
}

interface Needed {
  readonly gpus: number;
  readonly usdPerHour: number;
}

/** Sizes tried between the answer's and what growth in proportion, with half as much again to spare, would come to. */
const SCALE_STEPS = 8;
const SPARE = 1.5;

/** The least multiple of the answer's sizes that keeps every promise then; undefined where none within the limits does. */
async function neededFor(
  { design, sizes }: Candidate,
  traffic: TrafficChange,
  { judge, horizon, mostGpus, mayGoOn }: SensitivityOptions,
): Promise<Needed | undefined> {
  const most = 1 + SPARE * ((traffic.growth ?? traffic.promptScale ?? BURST_SCALE) - 1);
  let low = 0;
  let high = SCALE_STEPS + 1;
  let found: Needed | undefined;
  while (high - low > 1 && mayGoOn()) {
    const middle = Math.floor((low + high) / 2);
    const factor = 1 + ((most - 1) * middle) / SCALE_STEPS;
    const larger = sizes.map((size, at) =>
      Math.min(design.sized[at]!.most, Math.ceil(size * factor)),
    );
    const { gpus, nanoUsdPerHour } = priceOf(design, larger);
    const candidate = { design, sizes: larger };
    const tried =
      gpus > mostGpus ? undefined : await judge.look(candidate, { horizon, change: { traffic } });
    if (tried !== undefined) judge.countRuns(tried);
    if (tried?.fit.kind === "met") found = { gpus, usdPerHour: nanoUsdPerHour / 1e9 };
    // What is beyond the limits is no answer, and neither is anything larger.
    if (tried === undefined || tried.fit.kind === "met") high = middle;
    else low = middle;
  }
  return found;
}

/** Halvings of the interval in which the platform's end lies: to within a sixteenth of it. */
const RUNWAY_STEPS = 3;

export async function runwayOf(
  candidate: Candidate,
  growths: Sensitivity["growths"],
  options: SensitivityOptions & { readonly monthlyGrowth: number | undefined },
): Promise<PlanRunway> {
  const { judge, horizon, mayGoOn, monthlyGrowth } = options;
  const held = growths.filter(({ tried }) => tried.fit.kind === "met").map(({ growth }) => growth);
  const broke = growths.filter(({ tried }) => tried.fit.kind === "missed");
  let low = Math.max(0, ...held.filter((growth) => broke.every((other) => other.growth > growth)));
  let first = broke.toSorted((a, b) => a.growth - b.growth)[0];
  for (let step = 0; step < RUNWAY_STEPS && first !== undefined && low > 0; step++) {
    if (!mayGoOn()) break;
    const growth = (low + first.growth) / 2;
    const tried = await judge.look(candidate, { horizon, change: { traffic: { growth } } });
    judge.countRuns(tried);
    if (tried.fit.kind === "met") low = growth;
    else first = { growth, tried };
  }
  const heldAt = low;
  const months =
    monthlyGrowth === undefined || monthlyGrowth <= 0 || heldAt === 0
      ? null
      : Math.floor(Math.log(heldAt) / Math.log1p(monthlyGrowth));
  return {
    breaksAt: first?.growth ?? null,
    heldAt,
    firstBroken: first?.tried.worst?.promise ?? null,
    monthlyGrowth: monthlyGrowth ?? null,
    months,
  };
}
