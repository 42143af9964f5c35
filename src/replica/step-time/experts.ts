/**
 * The routed experts of a mixture, over all layers: their weights are read as far as the batch's tokens reach them, and
 * every GPU of the replica has an even part of them, whether experts are split or kept whole. Routing is taken to be even;
 * skewed routing reaches fewer experts, and makes the GPU with the busiest ones late, which is not modelled.
 */
import { type Precision, gpuCount, multiplyPrecision } from "../hardware.ts";
import type { GpuSpec, ModelSpec, Parallelism } from "../hardware.ts";
import { bytesPerParameter } from "../weights.ts";
import { BYTES_PER_BF16, type Machine, allReducePs, overlapped } from "./kernels.ts";

export interface Experts {
  readonly experts: number;
  readonly perToken: number;
  readonly floorPs: number;
  /** Reading one expert of every layer; computing one token's. */
  readonly expertPs: number;
  readonly tokenPs: number;
  /** Gives the step's tokens to the GPUs that have their experts, and back; 0 where all GPUs have all tokens already. */
  readonly exchangePs: (tokens: number) => number;
}

/** How many experts a layer has, as far as their kernel cares: pieces of weights are large, or many and small. */
export type ExpertCount = "few" | "many";

/** 8 and 128 were measured; Llama-4-Scout's 16 agree with few. */
export function expertCount(experts: number): ExpertCount {
  return experts <= 16 ? "few" : "many";
}

export function prepareExperts(
  given: { readonly model: ModelSpec; readonly gpu: GpuSpec; readonly parallel: Parallelism },
  { shares, bytePs, flopPs }: Machine,
): Experts | undefined {
  const { model, gpu, parallel } = given;
  const { mixture, matrices } = model.feedForward;
  if (mixture === undefined) return undefined;
  const { layers, experts, expertsPerToken } = mixture;
  const precision: Precision = multiplyPrecision(model);
  const gpus = gpuCount(parallel);
  const values = (layers * matrices * model.hiddenSize * mixture.expertSize) / gpus;
  const { floorPs, reads, compute } = shares.experts[expertCount(experts)];
  const tokenBytes = model.hiddenSize * BYTES_PER_BF16;
  return {
    experts,
    perToken: expertsPerToken,
    floorPs: layers * floorPs,
    expertPs: (values * bytesPerParameter(model).experts * bytePs) / reads,
    tokenPs: (2 * values * expertsPerToken * flopPs[precision]) / compute,
    exchangePs: (tokens) =>
      parallel.dataParallel === 1 ? 0 : layers * allReducePs(gpu, gpus, tokens * tokenBytes),
  };
}

export function expertsPs(experts: Experts, tokens: number): number {
  const reached = expertsReached(experts.experts, experts.perToken, tokens);
  const workPs = overlapped(experts.expertPs * reached, experts.tokenPs * tokens);
  return experts.floorPs + workPs + experts.exchangePs(tokens);
}

/** Experts that `tokens` tokens reach when each goes to `perToken` of `experts` at random. */
export function expertsReached(experts: number, perToken: number, tokens: number): number {
  let missed = 1;
  let power = 1 - perToken / experts;
  for (let left = tokens; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) missed *= power;
    power *= power;
  }
  return experts * (1 - missed);
}
