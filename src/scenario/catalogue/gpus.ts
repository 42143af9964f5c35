/**
 * Data-sheet figures of the GPUs a scenario may name, each with its source. Rates are dense (vendors print the sparse rate,
 * twice as high), links are one direction. Memory is what the CUDA or ROCm runtime reports, which is less than the data
 * sheet's and is what an engine's share is taken of.
 */
import type { GpuArchitecture, GpuSpec } from "../../replica/hardware.ts";

const TERA = 1e12;
const GIGA = 1e9;
const GIB = 1024 * 1024 * 1024;

export interface Figure {
  readonly value: number;
  readonly source: string;
}

export interface GpuFigures {
  /** FLOP/s; 0 where there are no such tensor cores. */
  readonly bf16: Figure;
  readonly fp8: Figure;
  readonly memory: Figure;
  readonly memoryBandwidth: Figure;
  /** 0: the GPUs of a node talk over PCIe. */
  readonly nvlink: Figure;
  readonly pcie: Figure;
}

export interface GpuEntry {
  readonly spec: GpuSpec;
  /** As the vendor sells it. */
  readonly title: string;
  readonly figures: GpuFigures;
}

interface GpuFacts extends GpuFigures {
  readonly name: string;
  readonly title: string;
  readonly architecture?: GpuArchitecture;
  /** Where NVLink does not join all GPUs of a node. */
  readonly nvlinkGpus?: number;
}

/** NVIDIA's ai-dynamo/aiconfigurator restates the data sheets: aiconfigurator_core/systems/<file>, commit 095f58a. */
function restated(file: string): string {
  return `data sheet, as in ai-dynamo/aiconfigurator systems/${file} (095f58a)`;
}

function reported(gib: string, where: string): Figure {
  return {
    value: Number(gib) * GIB,
    source: `${gib} GiB in total as the runtime reports: ${where}`,
  };
}

const NO_FP8: Figure = { value: 0, source: "no FP8 tensor cores before Ada and Hopper" };
const NO_NVLINK: Figure = { value: 0, source: "none" };
const PCIE_4: Figure = { value: 32 * GIGA, source: "PCIe 4.0 x16, one direction" };
const PCIE_5: Figure = { value: 64 * GIGA, source: "PCIe 5.0 x16, one direction" };
const PCIE_6: Figure = { value: 128 * GIGA, source: "PCIe 6.0 x16, one direction" };

const FACTS: readonly GpuFacts[] = [
  {
    name: "a10g",
    title: "NVIDIA A10G (24 GB)",
    architecture: "ampere",
    bf16: {
      value: 70 * TERA,
      source: "data sheet; low confidence, 62.5 to 125 are in circulation",
    },
    fp8: NO_FP8,
    memory: reported("22.06", "PyTorch's out-of-memory messages"),
    memoryBandwidth: { value: 600 * GIGA, source: "Baseten, NVIDIA A10 vs A10G" },
    nvlink: NO_NVLINK,
    pcie: PCIE_4,
  },
  {
    name: "l4",
    title: "NVIDIA L4 (24 GB)",
    architecture: "ada",
    bf16: { value: 121 * TERA, source: restated("l4.yaml") },
    fp8: { value: 242 * TERA, source: restated("l4.yaml") },
    memory: reported("22.03", "PyTorch's out-of-memory messages"),
    memoryBandwidth: { value: 300 * GIGA, source: restated("l4.yaml") },
    nvlink: NO_NVLINK,
    pcie: PCIE_4,
  },
  {
    name: "l40s",
    title: "NVIDIA L40S (48 GB)",
    architecture: "ada",
    bf16: { value: 362.05 * TERA, source: restated("l40s.yaml") },
    fp8: { value: 733 * TERA, source: `${restated("l40s.yaml")}; 1,466 is the sparse rate` },
    memory: reported("44.39", "vLLM logs"),
    memoryBandwidth: { value: 864 * GIGA, source: restated("l40s.yaml") },
    nvlink: NO_NVLINK,
    pcie: PCIE_4,
  },
  {
    name: "a100-40gb",
    title: "NVIDIA A100 SXM4 40 GB",
    architecture: "ampere",
    bf16: { value: 312 * TERA, source: "NVIDIA A100 data sheet" },
    fp8: NO_FP8,
    memory: reported("39.49", "vLLM logs"),
    memoryBandwidth: { value: 1555 * GIGA, source: "NVIDIA A100 data sheet" },
    nvlink: { value: 300 * GIGA, source: "NVLink 3, 600 GB/s in both directions" },
    pcie: PCIE_4,
  },
  {
    name: "a100-80gb",
    title: "NVIDIA A100 SXM4 80 GB",
    architecture: "ampere",
    bf16: { value: 312 * TERA, source: restated("a100_sxm.yaml") },
    fp8: NO_FP8,
    memory: reported("79.15", "vLLM logs; 79.14 to 79.25 by driver"),
    memoryBandwidth: { value: 2039 * GIGA, source: restated("a100_sxm.yaml") },
    nvlink: { value: 300 * GIGA, source: restated("a100_sxm.yaml") },
    pcie: PCIE_4,
  },
  {
    name: "h100-sxm",
    title: "NVIDIA H100 SXM5 80 GB",
    architecture: "hopper",
    bf16: { value: 989 * TERA, source: restated("h100_sxm.yaml") },
    fp8: { value: 1978 * TERA, source: restated("h100_sxm.yaml") },
    memory: reported("79.18", "llm-d/llm-d-benchmark empirical-vllm-memory-results.md (2593348)"),
    memoryBandwidth: { value: 3350 * GIGA, source: restated("h100_sxm.yaml") },
    nvlink: { value: 450 * GIGA, source: restated("h100_sxm.yaml") },
    pcie: PCIE_5,
  },
  {
    name: "h100-pcie",
    title: "NVIDIA H100 PCIe 80 GB",
    architecture: "hopper",
    bf16: { value: 756.5 * TERA, source: restated("h100_pcie.yaml") },
    fp8: { value: 1513 * TERA, source: restated("h100_pcie.yaml") },
    memory: reported("79.18", "taken from the H100 SXM"),
    memoryBandwidth: { value: 2000 * GIGA, source: restated("h100_pcie.yaml") },
    nvlink: { value: 0, source: "bridges are optional, and left out" },
    pcie: PCIE_5,
  },
  {
    name: "h100-nvl",
    title: "NVIDIA H100 NVL 94 GB",
    architecture: "hopper",
    bf16: {
      value: 835.5 * TERA,
      source: "half of the data sheet's sparse 1,671 TFLOPS; recollected",
    },
    fp8: {
      value: 1671 * TERA,
      source: "half of the data sheet's sparse 3,341 TFLOPS; recollected",
    },
    memory: reported("93.1", "recollected; 94 GB nominal"),
    memoryBandwidth: { value: 3930 * GIGA, source: "data sheet, second-hand (3.9 TB/s)" },
    nvlink: { value: 300 * GIGA, source: "bridge between two cards, 600 GB/s in both directions" },
    nvlinkGpus: 2,
    pcie: PCIE_5,
  },
  {
    name: "h200",
    title: "NVIDIA H200 SXM 141 GB",
    architecture: "hopper",
    bf16: { value: 989 * TERA, source: restated("h200_sxm.yaml") },
    fp8: { value: 1978 * TERA, source: restated("h200_sxm.yaml") },
    memory: reported("139.81", "vLLM logs"),
    memoryBandwidth: { value: 4800 * GIGA, source: restated("h200_sxm.yaml") },
    nvlink: { value: 450 * GIGA, source: restated("h200_sxm.yaml") },
    pcie: PCIE_5,
  },
  {
    name: "b200",
    title: "NVIDIA B200 SXM 180 GB",
    architecture: "blackwell",
    bf16: { value: 2250 * TERA, source: restated("b200_sxm.yaml") },
    fp8: { value: 4500 * TERA, source: restated("b200_sxm.yaml") },
    memory: reported("178.36", "vLLM pull request 21489"),
    memoryBandwidth: { value: 7700 * GIGA, source: restated("b200_sxm.yaml") },
    nvlink: { value: 900 * GIGA, source: restated("b200_sxm.yaml") },
    pcie: PCIE_6,
  },
  {
    name: "mi300x",
    title: "AMD Instinct MI300X 192 GB",
    bf16: { value: 1307 * TERA, source: "data sheet, second-hand and rounded; medium confidence" },
    fp8: { value: 2615 * TERA, source: "data sheet, second-hand and rounded; medium confidence" },
    memory: reported("191.69", "vLLM logs"),
    memoryBandwidth: { value: 5300 * GIGA, source: "data sheet (5.3 TB/s)" },
    nvlink: {
      value: 448 * GIGA,
      source: "Infinity Fabric, 896 GB/s over seven links and both directions",
    },
    pcie: PCIE_5,
  },
];

/** Every GPU by the name scenario files use. */
export const GPUS: ReadonlyMap<string, GpuEntry> = new Map(
  FACTS.map((facts) => [facts.name, entryOf(facts)]),
);

function entryOf(facts: GpuFacts): GpuEntry {
  const { name, title, architecture, nvlinkGpus, ...figures } = facts;
  return {
    title,
    figures,
    spec: {
      name,
      architecture,
      flopsPerS: { bf16: figures.bf16.value, fp8: figures.fp8.value },
      memoryBytes: Math.round(figures.memory.value),
      memoryBytesPerS: figures.memoryBandwidth.value,
      nvlinkBytesPerS: figures.nvlink.value,
      nvlinkGpus,
      pcieBytesPerS: figures.pcie.value,
    },
  };
}
