/**
 * The step-time model for a model and GPU that are merely named: the kernels of a step one after the other (layers.ts,
 * kernels.ts), all-reduces between them, and what the engine adds around them (shares.ts). docs/model.md has the
 * equations, the constants' sources and the errors. Measured profiles can replace it behind the same interface.
 */
import { assert } from "../../base/assert.ts";
import { type GpuSpec, type ModelSpec, type Parallelism, multiplyPrecision } from "../hardware.ts";
import { kvBytesPerToken } from "../kv-size.ts";
import { type StepBatch, type StepCost, type StepModel, emptyBatch } from "../step-model.ts";
import { activeParameterCount, activeWeightBytes } from "../weights.ts";
import { type PreparedAttention, addContext, prepareAttention } from "./attention.ts";
import { type Experts, expertsPs, prepareExperts } from "./experts.ts";
import {
  BYTES_PER_BF16,
  type Machine,
  type Matrix,
  allReducePs,
  machineOf,
  matmulPs,
} from "./kernels.ts";
import { type LayerMatrix, elementwiseValues, headMatrix, layerMatrices } from "./layers.ts";
import {
  ENGINE_OVERHEADS,
  type EngineOverheads,
  type KernelShares,
  kernelShares,
} from "./shares.ts";

/** CUDA graphs are captured for batches of up to twice `maxNumSeqs` tokens, and no more than this (vLLM's default). */
const MAX_GRAPH_TOKENS = 512;

/** Steps of fewer tokens than this are computed once: as many as usual token budgets go up to. */
const KNOWN_STEPS = 8_193;

export interface PredictedInput {
  readonly model: ModelSpec;
  readonly gpu: GpuSpec;
  readonly parallel: Parallelism;
  readonly maxNumSeqs: number;
  /** In place of the fitted constants: what a refit tries. */
  readonly shares?: KernelShares;
  readonly overheads?: EngineOverheads;
}

/**
 * Predicts step times of `model` on GPUs of one kind. Data-parallel groups step together, each with its part of the batch.
 * Units: tokens in, integer picoseconds out.
 * Bounds: the GPU can run the model's precision.
 */
export function predictedStepModel(input: PredictedInput): StepModel {
  return new PredictedStepModel(input);
}

class PredictedStepModel implements StepModel {
  readonly flopsPerToken: number;
  readonly weightBytesPerStep: number;
  readonly contextTokenBytes: number;
  readonly readsLongestContext: boolean;
  readonly #input: PredictedInput;
  readonly #overheads: EngineOverheads;
  readonly #machine: Machine;
  readonly #matrices: readonly LayerMatrix[];
  readonly #head: Matrix;
  readonly #attention: PreparedAttention;
  readonly #experts: Experts | undefined;
  readonly #elementwisePs: number;
  /** What a token more adds where computing is the bottleneck: its own part of a step. */
  readonly #ownTokenPs: number;
  /** Time of a step's layers without attention and experts by its tokens, up to the largest captured CUDA graph. */
  readonly #graphPs: Float64Array;
  /** The same of steps without a graph, and of the output head by its sequences: NaN until asked for. Most steps are like others. */
  readonly #eagerPs = new Float64Array(KNOWN_STEPS).fill(Number.NaN);
  readonly #headPs = new Float64Array(KNOWN_STEPS).fill(Number.NaN);
  /** All of a step of decodes alone but attention, by how many they are. */
  readonly #decodePs: Float64Array;

  constructor(input: PredictedInput) {
    const { model, gpu, parallel } = input;
    assert(gpu.flopsPerS[multiplyPrecision(model)] > 0, "the GPU cannot run this precision");
    this.#input = input;
    this.#overheads = input.overheads ?? ENGINE_OVERHEADS;
    this.#machine = machineOf(gpu, input.shares ?? kernelShares(gpu.architecture));
    this.#matrices = layerMatrices(model, parallel.tensorParallel);
    this.#head = headMatrix(model, parallel.tensorParallel);
    this.#attention = prepareAttention(input, this.#machine);
    this.readsLongestContext = this.#attention.contexts.some(({ unevenPs }) => unevenPs > 0);
    this.#experts = prepareExperts(input, this.#machine);
    const values = model.layers * elementwiseValues(model, parallel.tensorParallel);
    const passesPs = this.#machine.bytePs * this.#overheads.elementwisePasses;
    this.#elementwisePs = values * BYTES_PER_BF16 * passesPs;
    this.#ownTokenPs =
      (this.#matricesTokenPs() + this.#elementwisePs) / parallel.dataParallel +
      (this.#experts?.tokenPs ?? 0);
    this.flopsPerToken = 2 * activeParameterCount(model);
    this.weightBytesPerStep = activeWeightBytes(model);
    this.contextTokenBytes = kvBytesPerToken(model);
    this.#decodePs = new Float64Array(input.maxNumSeqs + 1).fill(Number.NaN);
    const graphTokens = Math.min(2 * input.maxNumSeqs, MAX_GRAPH_TOKENS);
    this.#graphPs = new Float64Array(graphTokens + 1);
    for (let tokens = 1; tokens <= graphTokens; tokens++) {
      this.#graphPs[tokens] = this.#layersPs(capturedTokens(tokens));
    }
  }

  cost(batch: StepBatch, cost: StepCost): void {
    const { decodes, prefillTokens } = batch;
    const attention = this.#attention;
    const basePs = prefillTokens === 0 ? this.#decodeBasePs(decodes) : this.#basePs(batch);
    // Where reading weights takes longer than computing, the difference is nobody's token: everyone waits for it.
    cost.fixedPs = basePs - this.#ownTokenPs * (decodes + prefillTokens) + attention.floorPs;
    cost.attentionPs = prefillTokens === 0 ? 0 : this.#promptAttentionPs(batch);
    const promptReadPs = attention.promptTokenPs * prefillTokens;
    cost.totalPs = Math.round(basePs + attention.floorPs + promptReadPs + cost.attentionPs);
    cost.contextTokenPs = 0;
    cost.steps = Infinity;
    for (const layers of attention.contexts) addContext(layers, batch, cost);
  }

  /** All of a step but attention. */
  #basePs(batch: StepBatch): number {
    const { decodes, prefills, prefillTokens } = batch;
    const groupTokens = this.#groupTokens(batch);
    const isGraph = groupTokens < this.#graphPs.length;
    const layersPs = isGraph ? this.#graphPs[groupTokens]! : this.#eagerLayersPs(groupTokens);
    const sequences = Math.ceil((decodes + prefills) / this.#input.parallel.dataParallel);
    return (
      layersPs +
      this.#launchPs(prefills, isGraph) +
      this.#outputHeadPs(sequences) +
      (this.#experts === undefined ? 0 : expertsPs(this.#experts, decodes + prefillTokens))
    );
  }

  #decodeBasePs(decodes: number): number {
    const known = this.#decodePs[decodes] ?? Number.NaN;
    if (!Number.isNaN(known)) return known;
    const ps = this.#basePs({ ...emptyBatch(), decodes });
    if (decodes < this.#decodePs.length) this.#decodePs[decodes] = ps;
    return ps;
  }

  #promptAttentionPs({ prefills, prefillTokens, prefillPairs }: StepBatch): number {
    const { pairPs, windowPairPs, windowTokens } = this.#attention;
    const windowedPairs = Math.min(prefillPairs, prefillTokens * windowTokens);
    return (pairPs * prefillPairs + windowPairPs * windowedPairs) / this.#promptGroups(prefills);
  }

  /** Prompts are computed by as many data-parallel groups as there are prompts. */
  #promptGroups(prefills: number): number {
    return Math.max(1, Math.min(prefills, this.#input.parallel.dataParallel));
  }

  /** Tokens of the group that has most. */
  #groupTokens({ decodes, prefills, prefillTokens }: StepBatch): number {
    const { dataParallel } = this.#input.parallel;
    if (dataParallel === 1) return decodes + prefillTokens;
    return Math.ceil(decodes / dataParallel + prefillTokens / this.#promptGroups(prefills));
  }

  /** What the engine adds to every layer. */
  #launchPs(prefills: number, isGraph: boolean): number {
    const { layerPs, pieceLayerPs, eagerLayerPs } = this.#overheads;
    let ps = layerPs;
    if (!isGraph) ps += eagerLayerPs;
    else if (prefills > 0) ps += pieceLayerPs;
    return this.#input.model.layers * ps;
  }

  #eagerLayersPs(rows: number): number {
    if (rows >= KNOWN_STEPS) return this.#layersPs(rows);
    if (Number.isNaN(this.#eagerPs[rows]!)) this.#eagerPs[rows] = this.#layersPs(rows);
    return this.#eagerPs[rows]!;
  }

  #outputHeadPs(sequences: number): number {
    if (sequences >= KNOWN_STEPS) return matmulPs(this.#machine, sequences, this.#head);
    if (Number.isNaN(this.#headPs[sequences]!)) {
      this.#headPs[sequences] = matmulPs(this.#machine, sequences, this.#head);
    }
    return this.#headPs[sequences]!;
  }

  /** Matrices, elementwise kernels and all-reduces of all layers; `rows` counts a CUDA graph's padding too. */
  #layersPs(rows: number): number {
    const { model, gpu, parallel } = this.#input;
    let ps = this.#elementwisePs * rows;
    for (const matrix of this.#matrices) ps += matrix.count * matmulPs(this.#machine, rows, matrix);
    const messageBytes = rows * model.hiddenSize * BYTES_PER_BF16;
    return ps + 2 * model.layers * allReducePs(gpu, parallel.tensorParallel, messageBytes);
  }

  #matricesTokenPs(): number {
    const { shares, flopPs } = this.#machine;
    let ps = 0;
    for (const { count, inner, columns, precision } of this.#matrices) {
      ps += (count * 2 * inner * columns * flopPs[precision]) / shares[precision].compute;
    }
    return ps;
  }
}

/** vLLM's sizes of captured CUDA graphs: 1, 2, 4, then every 8 up to 256, every 16 beyond. */
export function capturedTokens(tokens: number): number {
  if (tokens <= 2) return tokens;
  if (tokens <= 4) return 4;
  const spacing = tokens <= 256 ? 8 : 16;
  return Math.ceil(tokens / spacing) * spacing;
}
