/**
 * Refits the kernel constants from the operator tables: for each operator, all GPUs together, each GPU alone, and each GPU
 * predicted from the others (the error to expect on a GPU that nobody measured). The formulas are those of the model,
 * called with constants on trial.
 */
import { join } from "node:path";
import type { GpuSpec, Precision } from "../src/replica/hardware.ts";
import { type ExpertCount, expertCount, expertsReached } from "../src/replica/step-time/experts.ts";
import {
  allReducePs,
  BYTES_PER_BF16,
  machineOf,
  matmulPs,
  overlapped,
} from "../src/replica/step-time/kernels.ts";
import { attentionWork } from "../src/replica/step-time/layers.ts";
import {
  type KernelShares,
  type MatmulShares,
  NVLINK_REDUCE,
  PCIE_REDUCE,
  kernelShares,
} from "../src/replica/step-time/shares.ts";
import { GPUS } from "../src/scenario/catalogue/gpus.ts";
import { type Errors, errorsOf, fitConstants } from "./minimise.ts";
import { type Row, numberOf, readTable } from "./read-table.ts";

/** Table prefix and catalogue name. */
const MEASURED = [
  ["a100_sxm", "a100-80gb"],
  ["h100_sxm", "h100-sxm"],
  ["l40s", "l40s"],
] as const;

const PS_PER_MS = 1e9;
const HEAD_SIZE = 128;
/** Matrices smaller than this stay in a GPU's cache between the benchmark's repetitions, which they do not in a model. */
const LEAST_WEIGHT_BYTES = 16e6;
/** So does a KV cache of less than this: beyond launches, it says nothing about memory. */
const LEAST_KV_BYTES = 200e6;
/** And one this small is all launch. */
const MOST_LAUNCH_KV_BYTES = 4e6;
const MOST_WEIGHTS = 3.3e8;
const MOST_BATCH = 256;

interface Sample {
  readonly gpu: GpuSpec;
  readonly measuredPs: number;
  /** Predicts the sample with these constants. */
  readonly predict: (constants: readonly number[]) => number;
  /** What errors of shipped constants are told apart by. */
  readonly range?: string;
}

interface Operator {
  readonly name: string;
  readonly constants: readonly string[];
  readonly start: readonly number[];
  readonly samples: (row: Row, gpu: GpuSpec) => Sample[];
  readonly file: string;
  /** The constants that the model has for this GPU. */
  readonly shipped: (shares: KernelShares, gpu: GpuSpec) => readonly number[];
}

export interface OperatorFit {
  readonly operator: string;
  readonly constants: readonly string[];
  /** GPU name, or "all". */
  readonly gpu: string;
  readonly fitted: readonly number[];
  readonly own: Errors;
  /** With constants fitted to the other GPUs. */
  readonly unseen: Errors | undefined;
  /** Of the constants that are shipped, in all and by range; empty for all GPUs together. */
  readonly shipped: ReadonlyMap<string, Errors>;
}

export function fitOperators(folder: string): OperatorFit[] {
  return OPERATORS.flatMap((operator) => {
    const samples = MEASURED.flatMap(([prefix, name]) => {
      const gpu = GPUS.get(name)!.spec;
      const path = join(
        folder,
        `aiconfigurator_ops/${prefix}_vllm0.14.0_${operator.file}_perf.csv.gz`,
      );
      return readTable(path).flatMap((row) => operator.samples(row, gpu));
    });
    return samples.length === 0 ? [] : fitsOf(operator, samples);
  });
}

function fitsOf(operator: Operator, samples: readonly Sample[]): OperatorFit[] {
  const { name, constants } = operator;
  const fits: OperatorFit[] = [];
  const gpus = [...new Set(samples.map(({ gpu }) => gpu.name))];
  if (gpus.length > 1) {
    const fitted = fit(operator, samples);
    fits.push({
      operator: name,
      constants,
      gpu: "all",
      fitted,
      own: errors(samples, fitted),
      unseen: undefined,
      shipped: new Map(),
    });
  }
  for (const gpu of gpus) {
    const own = samples.filter((sample) => sample.gpu.name === gpu);
    const others = samples.filter((sample) => sample.gpu.name !== gpu);
    const fitted = fit(operator, own);
    const unseen = others.length === 0 ? undefined : errors(own, fit(operator, others));
    const shipped = shippedErrors(operator, own);
    fits.push({
      operator: name,
      constants,
      gpu,
      fitted,
      own: errors(own, fitted),
      unseen,
      shipped,
    });
  }
  return fits;
}

function shippedErrors(operator: Operator, own: readonly Sample[]): Map<string, Errors> {
  const { gpu } = own[0]!;
  const constants = operator.shipped(kernelShares(gpu.architecture), gpu);
  const ranges = Map.groupBy(own, ({ range }) => range);
  const byRange = [...ranges].flatMap(([range, part]): [string, Errors][] =>
    range === undefined ? [] : [[range, errors(part, constants)]],
  );
  return new Map([["all rows", errors(own, constants)], ...byRange]);
}

function fit({ start }: Operator, samples: readonly Sample[]): number[] {
  return fitConstants(
    start,
    samples.length,
    (constants, row) => samples[row]!.predict(constants),
    (row) => samples[row]!.measuredPs,
  );
}

function errors(samples: readonly Sample[], constants: readonly number[]): Errors {
  return errorsOf(
    samples.map((sample) => sample.predict(constants)),
    samples.map(({ measuredPs }) => measuredPs),
  );
}

const OPERATORS: readonly Operator[] = [
  matmuls("bf16", "bfloat16"),
  matmuls("fp8", "fp8"),
  matmuls("fp8", "fp8_block"),
  expertLayers("few", "bf16"),
  expertLayers("many", "bf16"),
  expertLayers("few", "fp8"),
  expertLayers("many", "fp8"),
  {
    name: "decode attention",
    constants: ["floorPs", "reads"],
    start: [12e6, 0.8],
    file: "generation_attention",
    samples: decodeSamples,
    shipped: ({ decode: { bf16 } }) => [bf16.floorPs, bf16.reads],
  },
  {
    name: "decode attention, FP8 cache",
    constants: ["floorPs", "reads"],
    start: [12e6, 0.8],
    file: "generation_attention",
    samples: (row, gpu) => decodeSamples(row, gpu, "fp8"),
    shipped: ({ decode: { fp8 } }) => [fp8.floorPs, fp8.reads],
  },
  {
    name: "prompt attention",
    constants: ["promptCompute", "promptReads"],
    start: [0.55, 0.4],
    file: "context_attention",
    samples: promptSamples,
    shipped: ({ promptCompute, promptReads }) => [promptCompute, promptReads],
  },
  {
    name: "all-reduce",
    constants: ["floorPs", "perGpuPs", "link", "sharing"],
    start: [4e6, 1e6, 0.5, 0.1],
    file: "custom_allreduce",
    samples: reduceSamples,
    shipped(_, { nvlinkBytesPerS }) {
      const shares = nvlinkBytesPerS > 0 ? NVLINK_REDUCE : PCIE_REDUCE;
      return [shares.floorPs, shares.perGpuPs, shares.link, shares.sharing];
    },
  },
];

/**
 * FP8 products of the tables quantize their input in separate passes of 3 bytes a value, which an engine does not: they are
 * fitted with a constant more, which is not shipped.
 */
function matmuls(precision: Precision, dtype: string): Operator {
  const isFp8 = precision === "fp8";
  return {
    name: `matrix product, ${dtype}`,
    constants: ["floorPs", "reads", "compute", ...(isFp8 ? ["passes"] : [])],
    start: [4e6, 0.8, 0.8, ...(isFp8 ? [5] : [])],
    file: "gemm",
    shipped({ [precision]: { floorPs, reads, compute } }) {
      return [floorPs, reads, compute, ...(isFp8 ? [0] : [])];
    },
    samples(row, gpu) {
      const [rows, columns, inner] = ["m", "n", "k"].map((column) => numberOf(row, column));
      const weights = columns! * inner!;
      const bytesPerWeight = isFp8 ? 1 : 2;
      if (row["gemm_dtype"] !== dtype || Math.min(columns!, inner!) < 1024) return [];
      if (weights * bytesPerWeight < LEAST_WEIGHT_BYTES || weights > MOST_WEIGHTS) return [];
      const matrix = { columns: columns!, inner: inner!, bytesPerWeight, precision };
      const { bytePs } = machineOf(gpu, kernelShares(gpu.architecture));
      const predict = ([floorPs, reads, compute, passes = 0]: readonly number[]) => {
        const shares = { floorPs: floorPs!, reads: reads!, compute: compute! };
        const quantizePs = passes * rows! * inner! * 3 * bytePs;
        return matmulPs(machineWith(gpu, precision, shares), rows!, matrix) + quantizePs;
      };
      return [{ gpu, measuredPs: psOf(row), predict, range: rangeOf(rows!) }];
    },
  };
}

function rangeOf(rows: number): string {
  if (rows <= 64) return "up to 64 rows";
  return rows < 1024 ? "65 to 1,023 rows" : "1,024 rows and more";
}

function machineWith(gpu: GpuSpec, precision: Precision, shares: MatmulShares) {
  return machineOf(gpu, { ...kernelShares(gpu.architecture), [precision]: shares });
}

/**
 * With more experts than tokens each has a few rows, and a tile of the kernel is mostly empty: what share of the peak such rows
 * reach says nothing of full tiles. Those take the share of few experts.
 */
function expertLayers(count: ExpertCount, precision: Precision): Operator {
  const isFew = count === "few";
  return {
    name: `experts, ${isFew ? "up to 16" : "more"}, ${precision}`,
    constants: isFew ? ["floorPs", "reads", "compute"] : ["floorPs", "reads"],
    start: isFew ? [10e6, 0.8, 0.33] : [10e6, 0.8],
    file: "moe",
    samples: (row, gpu) => (isUsual(row, count) ? expertSamples(row, gpu, precision) : []),
    shipped({ experts: shares }) {
      const { floorPs, reads, compute } = shares[count];
      return isFew ? [floorPs, reads, compute] : [floorPs, reads];
    },
  };
}

/**
 * Shapes that models have on the GPUs they are served on: smaller slices, and those of 8 experts on a single GPU, for which the
 * kernel is not tuned, take up to twice as long as their reads.
 */
function isUsual(row: Row, count: ExpertCount): boolean {
  const experts = numberOf(row, "num_experts");
  const size = numberOf(row, "inter_size") / numberOf(row, "moe_tp_size");
  if (expertCount(experts) !== count) return false;
  return count === "few" ? size >= 1_792 && size <= 7_168 : size >= 384;
}

/** Rows in which every expert is reached: of tokens dealt out to experts in turn where there is such a table, else of the mildest skew. */
function expertSamples(row: Row, gpu: GpuSpec, precision: Precision): Sample[] {
  const distribution = gpu.name === "h100-sxm" ? "balanced" : "power_law_1.01";
  const dtype = precision === "bf16" ? "bfloat16" : precision;
  if (row["moe_dtype"] !== dtype || row["distribution"] !== distribution) return [];
  const tokens = numberOf(row, "num_tokens");
  const experts = numberOf(row, "num_experts");
  const perToken = numberOf(row, "topk");
  // Fewer tokens say more of the table's routing than of the kernel, more of how well it is tuned for prompts.
  const isSaturated = tokens * perToken >= 2 * experts && tokens <= 256;
  if (row["moe_ep_size"] !== "1" || !isSaturated) return [];
  const slices = numberOf(row, "moe_tp_size");
  const values = (3 * numberOf(row, "hidden_size") * numberOf(row, "inter_size")) / slices;
  const { bytePs, flopPs } = machineOf(gpu, kernelShares(gpu.architecture));
  const bytes = values * (precision === "fp8" ? 1 : BYTES_PER_BF16);
  const readPs = expertsReached(experts, perToken, tokens) * bytes * bytePs;
  const computePs = 2 * values * perToken * tokens * flopPs[precision];
  const shared = kernelShares(gpu.architecture).experts.many.compute;
  const predict = ([floorPs, reads, compute = shared]: readonly number[]) =>
    floorPs! + overlapped(readPs / reads!, computePs / compute);
  return [{ gpu, measuredPs: psOf(row), predict }];
}

/** A model of which only attention matters. */
function attentionOf(row: Row, kvPrecision: Precision) {
  const heads = numberOf(row, "num_heads");
  const kvHeads = numberOf(row, "num_key_value_heads");
  const attention = {
    kind: "grouped",
    heads,
    kvHeads,
    headSize: HEAD_SIZE,
    window: undefined,
  } as const;
  return attentionWork({ attention, kvPrecision }, 1);
}

function decodeSamples(row: Row, gpu: GpuSpec, kvPrecision: Precision = "bf16"): Sample[] {
  if ((row["kv_cache_dtype"] === "fp8") !== (kvPrecision === "fp8")) return [];
  const batch = numberOf(row, "batch_size");
  const context = batch * numberOf(row, "step");
  const { contextBytes } = attentionOf(row, kvPrecision);
  const bytes = context * contextBytes;
  if (batch > MOST_BATCH || (bytes < LEAST_KV_BYTES && bytes > MOST_LAUNCH_KV_BYTES)) return [];
  if (numberOf(row, "num_key_value_heads") < 2 || context / batch < 100) return [];
  const { bytePs } = machineOf(gpu, kernelShares(gpu.architecture));
  const predict = ([floorPs, reads]: readonly number[]) => floorPs! + (bytes * bytePs) / reads!;
  return [{ gpu, measuredPs: psOf(row), predict }];
}

/** The launch is that of decode attention, which one kernel does together with the prompts'. */
function promptSamples(row: Row, gpu: GpuSpec): Sample[] {
  const batch = numberOf(row, "batch_size");
  const prompt = numberOf(row, "isl");
  if (row["kv_cache_dtype"] === "fp8" || row["step"] !== "0") return [];
  if (prompt < 16 || batch > 16 || numberOf(row, "num_heads") < 4) return [];
  const { pairFlops, promptBytes } = attentionOf(row, "bf16");
  const { bytePs, flopPs, shares } = machineOf(gpu, kernelShares(gpu.architecture));
  const pairs = (batch * prompt * (prompt + 1)) / 2;
  const predict = ([compute, reads]: readonly number[]) =>
    shares.decode.bf16.floorPs +
    (pairs * pairFlops * flopPs.bf16) / compute! +
    (batch * prompt * promptBytes * bytePs) / reads!;
  return [{ gpu, measuredPs: psOf(row), predict }];
}

/** In CUDA graphs, up to the messages of 2,048 tokens. NVLink and PCIe differ, so one predicts nothing about the other. */
function reduceSamples(row: Row, gpu: GpuSpec): Sample[] {
  const bytes = numberOf(row, "message_size") * 2;
  if (row["backend"] !== "vllm_graph" || bytes > 34e6) return [];
  const gpus = numberOf(row, "num_gpus");
  const predict = ([floorPs, perGpuPs, link, sharing]: readonly number[]) =>
    allReducePs(gpu, gpus, bytes, {
      floorPs: floorPs!,
      perGpuPs: perGpuPs!,
      link: link!,
      sharing: sharing!,
    });
  return [{ gpu, measuredPs: psOf(row), predict }];
}

function psOf(row: Row): number {
  return numberOf(row, "latency") * PS_PER_MS;
}
