/** Times to first token of a run's requests in the order they arrived, the warm-up included: what a cut is looked for in. */
import type { Scenario } from "../../scenario/scenario.ts";
import { runSimulation, type SimulationHooks } from "../../sim/simulate.ts";

/** The first so many are enough: a beginning that lasts longer than half of them is no beginning. */
const MOST_REQUESTS = 100_000;

/** Milliseconds; requests that got no token are left out. */
export function ttftInOrder(scenario: Scenario, hooks: SimulationHooks): number[] {
  const times: { readonly arrivalNs: number; readonly ttftMs: number }[] = [];
  const { simulation } = scenario;
  const limited = {
    ...scenario,
    simulation: { ...simulation, maxRequests: Math.min(MOST_REQUESTS, simulation.maxRequests) },
  };
  runSimulation(limited, {
    ...hooks,
    onRequest({ request, outcome }) {
      if (request === undefined || outcome !== "completed") return;
      const { arrivalNs, firstTokenNs } = request;
      times.push({ arrivalNs, ttftMs: (firstTokenNs - arrivalNs) / 1e6 });
    },
  });
  return times.toSorted((a, b) => a.arrivalNs - b.arrivalNs).map(({ ttftMs }) => ttftMs);
}
