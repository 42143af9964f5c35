/** Where the beginning of a simulated run ends, by its times to first token in the order the requests arrived. */
import type { Scenario } from "../../scenario/scenario.ts";
import { runSimulation, type SimulationHooks } from "../../sim/simulate.ts";
import { mser5 } from "./warmup.ts";

/** The first so many are enough: a beginning that lasts longer than half of them is no beginning. */
const MOST_REQUESTS = 50_000;

/** The time to cut, ns; undefined where no part of the run looks steady. */
export function beginningNs(scenario: Scenario, hooks: SimulationHooks): number | undefined {
  const times: { readonly arrivalNs: number; readonly ttftNs: number }[] = [];
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
      times.push({ arrivalNs, ttftNs: firstTokenNs - arrivalNs });
    },
  });
  const inOrder = times.toSorted((a, b) => a.arrivalNs - b.arrivalNs);
  const cut = mser5(inOrder.map(({ ttftNs }) => ttftNs));
  return cut === undefined ? undefined : (inOrder[cut]?.arrivalNs ?? 0) * Number(cut > 0);
}
