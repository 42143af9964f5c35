/**
 * A part of a scenario's run as a run of its own: the same clients at another time of their curves. It begins with an empty
 * platform, as every run does, so a window is wide enough to fill up before what matters in it.
 */
import { assert } from "../base/assert.ts";
import type { ArrivalConfig, RateShape, Scenario } from "../scenario/scenario.ts";

export interface RunWindow {
  readonly fromNs: number;
  readonly toNs: number;
}

/** Whether a part can stand for the run: it ends by time, and nothing in it happens at a time of its own but traffic. */
export function canBeCut({ simulation, faults }: Scenario): boolean {
  return (
    simulation.durationNs !== Infinity &&
    simulation.maxRequests === Infinity &&
    // What is gone from the start is gone in every part.
    faults.every(
      (fault) => fault.kind === "lose" && fault.atNs === 0 && fault.downForNs === Infinity,
    )
  );
}

export function withinWindow(scenario: Scenario, { fromNs, toNs }: RunWindow): Scenario {
  assert(canBeCut(scenario) && toNs > fromNs, "this run cannot be cut");
  return {
    ...scenario,
    clients: scenario.clients.map((client) => ({
      ...client,
      arrivals: from(client.arrivals, fromNs),
    })),
    simulation: { ...scenario.simulation, durationNs: toNs - fromNs },
  };
}

function from(arrivals: ArrivalConfig, fromNs: number): ArrivalConfig {
  if (arrivals.kind === "closed-loop") return arrivals;
  if (arrivals.kind === "trace") {
    const { trace } = arrivals;
    return { ...arrivals, trace: { ...trace, fromNs: trace.fromNs + fromNs * trace.rateScale } };
  }
  return { ...arrivals, shapes: arrivals.shapes.map((shape) => shifted(shape, fromNs)) };
}

function shifted(shape: RateShape, fromNs: number): RateShape {
  if (shape.kind === "diurnal") return { ...shape, phaseNs: shape.phaseNs + fromNs };
  if (shape.kind === "spike") return { ...shape, atNs: shape.atNs - fromNs };
  return { ...shape, fromNs: shape.fromNs - fromNs, toNs: shape.toNs - fromNs };
}
