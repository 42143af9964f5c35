/**
 * How far traffic may grow before the answer breaks a promise: between the largest growth that held and the smallest that broke,
 * halved a few times. With a growth a month, that is so many months.
 */
import type { PlanRunway } from "../../results/plan.ts";
import type { Candidate, Tried } from "./judge.ts";
import type { Sensitivity, SensitivityOptions } from "./sensitivity.ts";

/** Halvings: to within an eighth of the interval that the sensitivity's growths leave. */
const HALVINGS = 3;

type Growths = Sensitivity["growths"];

export async function runwayOf(
  candidate: Candidate,
  growths: Growths,
  options: SensitivityOptions & { readonly monthlyGrowth: number | undefined },
): Promise<PlanRunway> {
  const { heldAt, broke } = await narrowed(candidate, bracketOf(growths), options);
  const { monthlyGrowth } = options;
  return {
    breaksAt: broke?.growth ?? null,
    heldAt,
    firstBroken: broke?.tried.worst?.promise ?? null,
    monthlyGrowth: monthlyGrowth ?? null,
    months: monthsOf(heldAt, monthlyGrowth),
  };
}

interface Bracket {
  readonly heldAt: number;
  /** Undefined: everything tried held. */
  readonly broke: Growths[number] | undefined;
}

function bracketOf(growths: Growths): Bracket {
  const broke = growths
    .filter(({ tried }) => tried.fit.kind !== "met")
    .toSorted((a, b) => a.growth - b.growth)[0];
  return { heldAt: heldBelow(growths, broke?.growth ?? Infinity), broke };
}

async function narrowed(
  candidate: Candidate,
  bracket: Bracket,
  { judge, horizon, mayGoOn }: SensitivityOptions,
): Promise<Bracket> {
  let { heldAt, broke } = bracket;
  if (broke === undefined || heldAt === 0 || !mayGoOn) return bracket;
  for (let step = 0; step < HALVINGS; step++) {
    const growth: number = (heldAt + broke.growth) / 2;
    const tried: Tried = await judge.look(candidate, { horizon, change: { traffic: { growth } } });
    judge.countRuns(tried);
    if (tried.fit.kind === "met") heldAt = growth;
    else broke = { growth, tried };
  }
  return { heldAt, broke };
}

/** The largest growth that held below the one that broke first; 0 where even the traffic as it is does not hold. */
function heldBelow(growths: Growths, broke: number): number {
  return growths.reduce(
    (most, { growth, tried }) =>
      growth < broke && tried.fit.kind === "met" ? Math.max(most, growth) : most,
    0,
  );
}

/** Whole months until growth has used up the factor. */
function monthsOf(factor: number, monthlyGrowth: number | undefined): number | null {
  if (monthlyGrowth === undefined || monthlyGrowth <= 0 || factor === 0) return null;
  return Math.floor(Math.log(factor) / Math.log1p(monthlyGrowth));
}
