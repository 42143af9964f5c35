/**
 * What a prompt costs beyond the largest CUDA graph, from load tests with single requests: the generator's first hundred prompts
 * are computed whole, all later ones come from the prefix cache, so the gap between the two TTFTs is one long step and waiting
 * for it. The HTTP front is in both and cancels. Two forms are tried: a cost added to every layer, and a step that is as long as
 * the host needs for its launches where that is longer than the GPU's work.
 */
import type { MeasuredRun } from "../fidelity/measured.ts";
import { modelName } from "../fidelity/models.ts";
import { firstTtftsMs } from "../fidelity/predict.ts";
import { poolScenario } from "../fidelity/scenario-of.ts";
import type { StepBatch } from "../src/replica/step-model.ts";
import { atLeast, isEager, type Launches } from "./launches.ts";
import { stepModelWith } from "./load-tests.ts";
import { mean, median } from "./minimise.ts";

/** While the first of these arrive, kernels are compiled. */
const WARM_UP = 20;
const FIRST = 100;
const LATER = 1_000;

export interface FirstPrompts {
  readonly model: string;
  readonly run: string;
  readonly measuredMs: number;
  /** One for each form. */
  readonly predictedMs: readonly number[];
}

export function firstPrompts(
  runs: readonly MeasuredRun[],
  forms: readonly Launches[],
): FirstPrompts[] {
  return runs
    .filter(({ isOverload, requests }) => !isOverload && requests !== undefined)
    .map((run) => ({
      model: modelName(run),
      run: run.name,
      measuredMs: gapMs(run.requests!.flatMap(({ seen }) => seen?.ttftMs ?? [])),
      predictedMs: forms.map((form) => predictedGapMs(run, form)),
    }));
}

/** The cost added to a layer at which the gaps are met: medians of each model's runs, then their mean. */
export function addedPsOf(found: readonly FirstPrompts[], forms: readonly Launches[]): number {
  const added = forms.flatMap(({ kind, ps }, form) => (kind === "added" ? [{ ps, form }] : []));
  const [least, most] = [added[0]!, added.at(-1)!];
  const metAt = ({ measuredMs, predictedMs }: FirstPrompts) => {
    const [leastMs, mostMs] = [predictedMs[least.form]!, predictedMs[most.form]!];
    return least.ps + ((measuredMs - leastMs) / (mostMs - leastMs)) * (most.ps - least.ps);
  };
  const byModel = Map.groupBy(found, ({ model }) => model);
  return mean([...byModel.values()].map((own) => median(own.map(metAt))));
}

/** By how much the first prompts' TTFT exceeds that of those after them. */
function gapMs(ttftsMs: readonly number[]): number {
  return median(ttftsMs.slice(WARM_UP, FIRST)) - median(ttftsMs.slice(FIRST, LATER));
}

function predictedGapMs(run: MeasuredRun, { kind, ps }: Launches): number {
  const pool = poolScenario(run).platform.pools[0]!;
  const { model, maxNumSeqs } = pool;
  const step = stepModelWith({ eagerLayerPs: kind === "added" ? ps : 0 }, pool);
  const leastPs = (batch: StepBatch) => (isEager(batch, maxNumSeqs) ? ps * model.layers : 0);
  const stepModel = kind === "added" ? step : atLeast(step, leastPs);
  return gapMs(firstTtftsMs(run, LATER, { stepModel }));
}
