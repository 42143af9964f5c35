/**
 * Simulates a measured run, and says what its clients would have seen. A run whose arrivals were recorded is replayed once; where
 * only rates are known, several draws of arrivals are taken together, so that a tail is the expected one and not one draw's.
 */
import type { PoolConfig } from "../src/engine/config.ts";
import type { Scenario } from "../src/scenario/scenario.ts";
import { runSimulation } from "../src/sim/simulate.ts";
import type { TraceRow } from "../src/sim/workload/client.ts";
import { latenciesOf, type Seen } from "./latencies.ts";
import type { MeasuredRun, Observed } from "./measured.ts";
import { poolScenario } from "./scenario-of.ts";
import { readerOf, scheduleOf, stageStartsNs } from "./schedule.ts";
import { mean } from "./statistics.ts";

const NS_PER_MS = 1e6;
const NS_PER_S = 1e9;
/** Draws of unrecorded arrivals. Eight others move the medians over runs by up to 0.3 percentage points (measured, 25 November 2026). */
const SEEDS = [1, 2, 3];

export interface Prediction {
  /** As the run's `observed`, stage for stage. */
  readonly observed: readonly Observed[];
  /** Means over the draws. */
  readonly sent: number;
  readonly completed: number;
  readonly kvBlocks: number;
}

/** A request of a simulated run. */
interface PlayedRequest extends Seen {
  readonly arrivalNs: number;
  readonly stage: number;
}

interface Played {
  /** In the order in which they completed. */
  readonly seen: readonly PlayedRequest[];
  readonly sent: number;
  readonly throughputPerS: number;
}

/** What a fit may put in place of what model, GPU and engine give. */
export type PoolChange = Partial<Pick<PoolConfig, "stepModel" | "edgeOverhead">>;

/** Bounds: the run can be simulated. */
export function predict(run: MeasuredRun, change: PoolChange = {}): Prediction {
  const scenario = changed(poolScenario(run), change);
  const seeds = run.requests === undefined ? SEEDS : SEEDS.slice(0, 1);
  const played = seeds.map((seed) => play(run, scenario, scheduleOf(run, seed)));
  const seen = played.flatMap((one) => one.seen);
  const observed = run.observed.map(({ stage }): Observed => {
    const part = stage === undefined ? seen : seen.filter((one) => one.stage === stage);
    const throughputPerS =
      stage === undefined ? mean(played.map((one) => one.throughputPerS)) : undefined;
    return { stage, latencies: latenciesOf(part), throughputPerS };
  });
  return {
    observed,
    sent: mean(played.map(({ sent }) => sent)),
    completed: seen.length / played.length,
    kvBlocks: scenario.platform.pools[0]!.kvBlocks,
  };
}

/** TTFT of the run's first requests, in order of arrival. */
export function firstTtftsMs(run: MeasuredRun, count: number, change: PoolChange): number[] {
  const { seen } = play(
    run,
    changed(poolScenario(run), change),
    scheduleOf(run, 1).slice(0, count),
  );
  return seen.toSorted((a, b) => a.arrivalNs - b.arrivalNs).map(({ ttftMs }) => ttftMs);
}

function changed(scenario: Scenario, change: PoolChange): Scenario {
  const pools = scenario.platform.pools.map((pool) => ({ ...pool, ...change }));
  return { ...scenario, platform: { ...scenario.platform, pools } };
}

function play(run: MeasuredRun, scenario: Scenario, rows: readonly TraceRow[]): Played {
  const startsNs = stageStartsNs(run, rows);
  const seen: PlayedRequest[] = [];
  const { endNs } = runSimulation(scenario, {
    openTrace: () => readerOf(rows),
    onRequest({ nowNs, request, outcome }) {
      if (request === undefined || outcome !== "completed") return;
      const { arrivalNs, firstTokenNs, outputTokens } = request;
      seen.push({
        arrivalNs,
        stage: startsNs.findLastIndex((startNs) => startNs <= arrivalNs),
        ttftMs: (firstTokenNs - arrivalNs) / NS_PER_MS,
        e2eMs: (nowNs - arrivalNs) / NS_PER_MS,
        outputTokens,
      });
    },
  });
  return { seen, sent: rows.length, throughputPerS: seen.length / (endNs / NS_PER_S) };
}
