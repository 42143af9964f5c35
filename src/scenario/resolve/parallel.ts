/**
 * How a pool's replicas may be spread over GPUs: tensor parallelism must divide what it splits, data parallelism of one
 * replica and expert parallelism need experts. Data parallelism of a dense model is more replicas, and is written so.
 */
import {
  type AttentionSpec,
  gpuCount,
  type ModelSpec,
  type Parallelism,
} from "../../replica/hardware.ts";
import type { PoolFile } from "../schema/pool.ts";
import type { Context } from "./context.ts";

/** GPUs of one replica that are worth suggesting; larger replicas span nodes. */
const TENSOR_PARALLEL_SIZES = [1, 2, 4, 8, 16, 32, 64];

/** The parallelism of a pool; undefined where something about it was reported. */
export function resolveParallel(
  context: Context,
  given: { readonly name: string; readonly pool: PoolFile; readonly model: ModelSpec },
): Parallelism | undefined {
  const { name, pool, model } = given;
  const { tensorParallel, dataParallel, expertParallel } = pool;
  const parallel = { tensorParallel, dataParallel, expertParallel };
  const problem = parallelProblem(model, parallel);
  if (problem === undefined) {
    warnOfNodes(context, name, pool);
    return parallel;
  }
  context.report.error(["platform", "pools", name, problem.key], problem.message);
  return undefined;
}

/** All-reduces are modelled within a machine; over the network between machines they take many times as long. */
function warnOfNodes(context: Context, name: string, pool: PoolFile): void {
  const gpus = gpuCount(pool);
  if (gpus <= pool.gpusPerNode) return;
  const key = pool.dataParallel > 1 ? "dataParallel" : "tensorParallel";
  const nodes = Math.ceil(gpus / pool.gpusPerNode);
  const message = `a replica of ${gpus} GPUs spans ${nodes} machines of ${pool.gpusPerNode} (gpusPerNode), and links between machines are not modelled: its steps come out too short`;
  context.report.warning(["platform", "pools", name, key], message);
}

interface ParallelProblem {
  readonly key: keyof Parallelism;
  readonly message: string;
}

/** What rules a parallelism out for a model, and the key to blame. */
export function parallelProblem(
  model: ModelSpec,
  parallel: Parallelism,
): ParallelProblem | undefined {
  const { tensorParallel, dataParallel, expertParallel } = parallel;
  const { mixture } = model.feedForward;
  const gpus = gpuCount(parallel);
  if (!divides(model, tensorParallel)) {
    const sizes = tensorParallelSizes(model).join(", ");
    const message = `tensorParallel ${tensorParallel} does not divide the ${splitBy(model)} of ${model.name} (possible: ${sizes})`;
    return { key: "tensorParallel", message };
  }
  if (mixture === undefined && dataParallel > 1) {
    const message = `${model.name} is dense: its data-parallel ranks have nothing in common, so give replicas instead`;
    return { key: "dataParallel", message };
  }
  if (mixture === undefined && expertParallel) {
    return {
      key: "expertParallel",
      message: `${model.name} is dense: it has no experts to spread`,
    };
  }
  if (mixture === undefined) return undefined;
  if (expertParallel && gpus > mixture.experts) {
    const message = `${gpus} GPUs per replica are more than the ${mixture.experts} experts of ${model.name}: lower dataParallel or tensorParallel`;
    return { key: "expertParallel", message };
  }
  if (!expertParallel && mixture.expertSize % gpus !== 0) {
    const message = `experts of width ${mixture.expertSize} do not split over ${gpus} GPUs: set expertParallel: true, or change dataParallel or tensorParallel`;
    return { key: dataParallel > 1 ? "dataParallel" : "tensorParallel", message };
  }
  return undefined;
}

/** Whether the model can be spread so. */
export function canSplit(model: ModelSpec, parallel: Parallelism): boolean {
  return parallelProblem(model, parallel) === undefined;
}

/** Sizes of tensor parallelism that divide what the model has, smallest first. */
export function tensorParallelSizes(model: ModelSpec): number[] {
  return TENSOR_PARALLEL_SIZES.filter((size) => divides(model, size));
}

/** Query heads are split over the GPUs; KV heads are split, or copied when there are more GPUs than KV heads. */
function divides({ attention, feedForward }: ModelSpec, tensorParallel: number): boolean {
  if (attention.heads % tensorParallel !== 0) return false;
  if (feedForward.size % tensorParallel !== 0) return false;
  if (attention.kind === "latent") return true;
  const { kvHeads } = attention;
  return kvHeads % tensorParallel === 0 || tensorParallel % kvHeads === 0;
}

function splitBy({ attention, feedForward }: ModelSpec): string {
  const width = feedForward.size === 0 ? "" : ` and feed-forward width of ${feedForward.size}`;
  return `${headsOf(attention)}${width}`;
}

function headsOf(attention: AttentionSpec): string {
  const query = `${attention.heads} attention heads`;
  return attention.kind === "latent" ? query : `${query}, ${attention.kvHeads} KV heads`;
}
