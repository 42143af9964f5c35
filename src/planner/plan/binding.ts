/** The promise that keeps the answer from being cheaper, and when it is nearest to being broken. */
import type { PlanBinding, PlanConfirmation, PromiseReading } from "../../results/plan.ts";
import { promiseName } from "../../results/plan-words.ts";
import type { RateShape, Scenario } from "../../scenario/scenario.ts";
import type { RunReadings } from "../job.ts";
import { promisesOf } from "../promise-meter.ts";
import { pressureOf } from "./judge.ts";

/** `runs` are whole runs of the answer; the promise is the one predicted highest, or read highest where nothing is predicted. */
export function bindingOf(
  scenario: Scenario,
  runs: readonly RunReadings[],
  confirmation: PlanConfirmation | null,
): PlanBinding | null {
  const [first] = runs;
  if (first === undefined) return null;
  const readings = first.tiers.flatMap(({ promises, worstAt }) =>
    promises.map((reading, at) => ({ reading, worstAt: worstAt[at] ?? null })),
  );
  const highest = (at: number): number => {
    const all = runs.map((run) => pressureOf(run.tiers.flatMap(({ promises }) => promises)[at]!));
    return confirmation?.promises[at]?.predictedAtMost ?? Math.max(...all);
  };
  const order = [...readings.keys()].toSorted((a, b) => highest(b) - highest(a) || a - b);
  const binding = readings[order[0] ?? -1];
  if (binding === undefined) return null;
  const atS = momentS(scenario, binding.worstAt);
  const timeOfDay = atS === null ? null : timeOf(scenario, binding.reading, atS);
  const all = scenario.platform.tiers.flatMap(promisesOf);
  const name = promiseName(binding.reading.promise, all);
  return { reading: binding.reading, atS, timeOfDay, words: `${name}${when(atS, timeOfDay)}` };
}

/** Random arrivals without a curve have no hour of their own: when it was worst is chance. */
function momentS({ simulation, clients }: Scenario, worstAt: number | null): number | null {
  const hasCurve = clients.some(
    ({ arrivals }) =>
      arrivals.kind !== "closed-loop" && (arrivals.kind === "trace" || arrivals.shapes.length > 0),
  );
  if (worstAt === null || !hasCurve || simulation.durationNs === Infinity) return null;
  return (worstAt * simulation.durationNs) / 1e9;
}

/** The hour on the daily curve of the tier's first client that has one. */
function timeOf(scenario: Scenario, { promise }: PromiseReading, atS: number): string | null {
  const { platform, clients } = scenario;
  const curves = clients.flatMap(
    ({ tenant, arrivals }): Extract<RateShape, { kind: "diurnal" }>[] => {
      const isOfTier = platform.tiers[platform.tenants[tenant]!.tier]!.name === promise.tier;
      if (!isOfTier || arrivals.kind === "closed-loop" || arrivals.kind === "trace") return [];
      return arrivals.shapes.filter((shape) => shape.kind === "diurnal");
    },
  );
  const [curve] = curves;
  if (curve === undefined) return null;
  const part = ((atS * 1e9 + curve.phaseNs) % curve.periodNs) / curve.periodNs;
  const level = curve.levels[Math.floor(part * curve.levels.length)]!;
  // Levels have a mean of 1: below it, that it was worst then is chance rather than the hour's doing.
  return `${Math.floor(part * 24)}:00${level > 1 ? " peak" : ""}`;
}

function when(atS: number | null, timeOfDay: string | null): string {
  if (timeOfDay !== null)
    return timeOfDay.endsWith("peak") ? ` at the ${timeOfDay}` : ` at ${timeOfDay}`;
  if (atS === null) return "";
  const minutes = Math.floor(atS / 60);
  const seconds = String(Math.floor(atS % 60)).padStart(2, "0");
  return `, ${minutes}:${seconds} min into the run`;
}
