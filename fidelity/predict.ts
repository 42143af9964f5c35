/** Simulates a measured run, and says what its clients would have seen. */
import { runSimulation } from "../src/sim/simulate.ts";
import { latenciesOf, type Seen } from "./latencies.ts";
import type { MeasuredRun, Observed } from "./measured.ts";
import { scenarioOf } from "./scenario-of.ts";
import { readerOf, scheduleOf } from "./schedule.ts";

const NS_PER_MS = 1e6;
const NS_PER_S = 1e9;

export interface Prediction {
  /** As the run's `observed`, stage for stage. */
  readonly observed: readonly Observed[];
  readonly completed: number;
  readonly sent: number;
  readonly kvBlocks: number;
}

export function predict(run: MeasuredRun, seed: number): Prediction {
  const scenario = scenarioOf(run);
  const rows = scheduleOf(run, seed);
  const seen: (Seen & { readonly arrivalNs: number })[] = [];
  const { endNs } = runSimulation(scenario, {
    openTrace: () => readerOf(rows),
    onRequest({ nowNs, request, outcome }) {
      if (request === undefined || outcome !== "completed") return;
      const { arrivalNs, firstTokenNs } = request;
      seen.push({
        arrivalNs,
        ttftMs: (firstTokenNs - arrivalNs) / NS_PER_MS,
        e2eMs: (nowNs - arrivalNs) / NS_PER_MS,
        outputTokens: run.outputTokens,
      });
    },
  });
  const bounds = stageBounds(run, rows);
  const observed = run.observed.map(({ stage }) => {
    if (stage === undefined) {
      const throughputPerS = seen.length / (endNs / NS_PER_S);
      return { stage, latencies: latenciesOf(seen), throughputPerS };
    }
    const [fromNs, toNs] = [bounds[stage]!, bounds[stage + 1]!];
    const part = seen.filter(({ arrivalNs }) => arrivalNs >= fromNs && arrivalNs < toNs);
    return { stage, latencies: latenciesOf(part) };
  });
  const { kvBlocks } = scenario.platform.pools[0]!;
  return { observed, completed: seen.length, sent: rows.length, kvBlocks };
}

/** First arrival of each stage, and the end of time. */
function stageBounds(run: MeasuredRun, rows: readonly { readonly timeNs: number }[]): number[] {
  let first = 0;
  const bounds = run.stages.map(({ ratePerS, seconds }) => {
    const fromNs = rows[first]?.timeNs ?? Infinity;
    first += Math.round(ratePerS * seconds);
    return fromNs;
  });
  return [...bounds, Infinity];
}
