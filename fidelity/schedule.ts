/**
 * The requests of a run in order of arrival: as recorded, or drawn as the load generator draws them, Poisson at each stage's rate
 * (the recorded gaps have a coefficient of variation of 0.96 to 1.03, whatever the generator calls its load).
 */
import { drawExponential, randomStream } from "../src/base/random.ts";
import type { TraceReader, TraceRow } from "../src/sim/workload/client.ts";
import type { MeasuredRun } from "./measured.ts";
import { promptTokensOf } from "./scenario-of.ts";

const NS_PER_S = 1e9;

export function scheduleOf(run: MeasuredRun, seed: number): TraceRow[] {
  const configured = promptTokensOf(run);
  const { outputTokens } = run;
  const row = (timeNs: number, promptTokens: number): TraceRow => ({
    timeNs,
    promptTokens,
    outputTokens,
    client: undefined,
    hashes: undefined,
  });
  if (run.requests !== undefined) {
    return run.requests.map((one) => row(one.arrivalNs, one.promptTokens ?? configured));
  }
  const random = randomStream(seed, `fidelity/${run.name}`);
  const rows: TraceRow[] = [];
  let startNs = 0;
  for (const { ratePerS, seconds } of run.stages) {
    let timeNs = startNs;
    for (let left = Math.round(ratePerS * seconds); left > 0; left--) {
      timeNs += (drawExponential(random) / ratePerS) * NS_PER_S;
      rows.push(row(Math.round(timeNs), configured));
    }
    startNs = Math.max(timeNs, startNs + seconds * NS_PER_S);
  }
  return rows;
}

/** When the first request of each stage arrives: the generator sends rate x seconds requests in each. */
export function stageStartsNs(run: MeasuredRun, rows: readonly TraceRow[]): number[] {
  let first = 0;
  return run.stages.map(({ ratePerS, seconds }) => {
    const startNs = rows[first]?.timeNs ?? Infinity;
    first += Math.round(ratePerS * seconds);
    return startNs;
  });
}

export function readerOf(rows: readonly TraceRow[]): TraceReader {
  let next = 0;
  return { next: () => rows[next++], skippedRows: 0 };
}
