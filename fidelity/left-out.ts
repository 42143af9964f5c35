/**
 * Every model predicted from the others alone: what the engine adds to a layer and what requests wait at its HTTP front are the
 * constants that these runs have a say in; both are fitted anew without the model's own runs, and the few kernel constants that
 * its runs helped to choose are those of the operator tables (fit/unseen.ts). These errors are what an unseen model has to
 * expect on a GPU that was seen.
 */
import type { EdgeOverhead } from "../src/engine/config.ts";
import { layerPsOf, stepModelWith } from "../fit/load-tests.ts";
import { evaluate, type Evaluated } from "./evaluate.ts";
import type { MeasuredRun } from "./measured.ts";
import { modelName } from "./models.ts";
import { poolScenario } from "./scenario-of.ts";
import { median } from "./statistics.ts";

const NS_PER_MS = 1e6;
const NO_EDGE: EdgeOverhead = { requestNs: 0, runningNs: 0 };

/** One stage: how many requests are in flight, and by how much its mean TTFT exceeds what steps explain. */
interface Excess {
  readonly model: string;
  readonly inFlight: number;
  readonly ms: number;
}

/** The constants that load tests have a say in. */
export interface Constants {
  readonly layerPs: number;
  readonly edge: EdgeOverhead;
}

export interface LeftOut {
  /** What all runs together say of the constants. */
  readonly fitted: Constants;
  /** What the other models' runs say of them, by the model that is left out. */
  readonly withoutModel: ReadonlyMap<string, Constants>;
  /** Each model's runs with what the others say. Overloaded runs are predicted too, and have no say. */
  readonly evaluated: readonly Evaluated[];
}

export function evaluateLeftOut(runs: readonly MeasuredRun[]): LeftOut {
  const excesses = edgeExcesses(runs);
  const byModel = Map.groupBy(runs, modelName);
  const withoutModel = new Map(
    [...byModel.keys()].map((model) => [
      model,
      {
        layerPs: layerPsOf(
          runs.filter((run) => modelName(run) !== model),
          model,
        ),
        edge: edgeOf(excesses.filter((one) => one.model !== model)),
      },
    ]),
  );
  const evaluated = [...byModel].flatMap(([model, own]) => {
    const { layerPs, edge } = withoutModel.get(model)!;
    return evaluate(own, {
      changeOf: (run) => ({ stepModel: stepModelOf(run, layerPs, model), edgeOverhead: edge }),
    });
  });
  const fitted = { layerPs: layerPsOf(runs), edge: edgeOf(excesses) };
  return { fitted, withoutModel, evaluated };
}

function stepModelOf(run: MeasuredRun, layerPs: number, unseen?: string) {
  return stepModelWith({ layerPs }, poolScenario(run).platform.pools[0]!, unseen);
}

/**
 * Of stages below saturation, but not a run's first: an engine that has just started is slow for other reasons. Each model's
 * steps are those that its own runs ask for, so that none of another model's runs have a say in its excess.
 */
function edgeExcesses(runs: readonly MeasuredRun[]): Excess[] {
  const steady = runs.filter(({ isOverload, stages }) => !isOverload && stages.length > 1);
  return [...Map.groupBy(steady, modelName).values()].flatMap((own) => {
    const layerPs = layerPsOf(own);
    const change = (run: MeasuredRun) => ({
      stepModel: stepModelOf(run, layerPs),
      edgeOverhead: NO_EDGE,
    });
    return evaluate(own, { changeOf: change }).flatMap((one) =>
      [...one.run.stages.keys()].slice(1).map((stage) => excessOf(one, stage)),
    );
  });
}

/** Steps are taken as long as they were measured to be, so that an error of the step-time model is not laid to the edge. */
function excessOf({ run, prediction }: Evaluated, stage: number): Excess {
  const [measured, predicted] = [run, prediction].map(
    ({ observed }) => observed.find((one) => one.stage === stage)!.latencies,
  );
  const stretch = measured!.tpot.mean! / predicted!.tpot.mean!;
  const ratePerS = run.stages[stage]!.ratePerS / run.dataParallel;
  return {
    model: modelName(run),
    inFlight: (ratePerS * measured!.e2e.mean!) / 1000,
    ms: measured!.ttft.mean! - stretch * predicted!.ttft.mean!,
  };
}

/** A line through the excesses that a few odd ones do not bend: the median of all slopes between two (Theil and Sen). */
function edgeOf(excesses: readonly Excess[]): EdgeOverhead {
  const slopes = excesses.flatMap((one, index) =>
    excesses
      .slice(index + 1)
      .filter(({ inFlight }) => inFlight !== one.inFlight)
      .map((other) => (other.ms - one.ms) / (other.inFlight - one.inFlight)),
  );
  const slopeMs = slopes.length === 0 ? 0 : Math.max(0, median(slopes));
  const atZeroMs = median(excesses.map(({ inFlight, ms }) => ms - slopeMs * inFlight));
  return {
    requestNs: Math.round(Math.max(0, atZeroMs) * NS_PER_MS),
    runningNs: Math.round(slopeMs * NS_PER_MS),
  };
}
