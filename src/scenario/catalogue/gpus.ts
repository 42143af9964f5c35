/**
 * Data-sheet figures of the GPUs a scenario may name. Rates are dense (vendors print the sparse rate, twice as high),
 * links are one direction. Figures marked aiconfigurator are those of NVIDIA's ai-dynamo/aiconfigurator
 * (aiconfigurator_core/systems/<gpu>.yaml, commit 095f58a), which restate the data sheets.
 */
import type { GpuSpec } from "../../replica/hardware.ts";

const TERA = 1e12;
const GIGA = 1e9;
const GIB = 1024 * 1024 * 1024;
const MIB = 1024 * 1024;

/** PCIe x16, one direction: generation 4, 5 and 6 (aiconfigurator pcie_bw; 32, 64, 128 GB/s). */
const PCIE_4 = 32 * GIGA;
const PCIE_5 = 64 * GIGA;
const PCIE_6 = 128 * GIGA;

/** Every GPU by the name scenario files use. */
export const GPUS: ReadonlyMap<string, GpuSpec> = new Map(
  [
    {
      name: "a10g",
      architecture: "ampere" as const,
      // FP16 tensor rate of A10G: 70 TFLOPS, low confidence (62.5 to 125 are in circulation); no FP8 before Ada.
      flopsPerS: { bf16: 70 * TERA, fp8: 0 },
      // 24 GB GDDR6, 600 GB/s: Baseten, "NVIDIA A10 vs A10G". Decimal, as AWS lists 22,888 MiB.
      memoryBytes: 24 * GIGA,
      memoryBytesPerS: 600 * GIGA,
      nvlinkBytesPerS: 0,
      pcieBytesPerS: PCIE_4,
    },
    {
      name: "l4",
      architecture: "ada" as const,
      // aiconfigurator l4.yaml: 121 and 242 TFLOPS, 300 GB/s, PCIe 4.
      flopsPerS: { bf16: 121 * TERA, fp8: 242 * TERA },
      // 24 GB GDDR6 of the data sheet, decimal (drivers report less than 24 GiB).
      memoryBytes: 24 * GIGA,
      memoryBytesPerS: 300 * GIGA,
      nvlinkBytesPerS: 0,
      pcieBytesPerS: PCIE_4,
    },
    {
      name: "l40s",
      architecture: "ada" as const,
      // aiconfigurator l40s.yaml: 362.05 and 733 TFLOPS (1466 is the sparse rate), 864 GB/s.
      flopsPerS: { bf16: 362.05 * TERA, fp8: 733 * TERA },
      // aiconfigurator l40s.yaml: 46,068 MiB usable of 48 GB.
      memoryBytes: 46_068 * MIB,
      memoryBytesPerS: 864 * GIGA,
      nvlinkBytesPerS: 0,
      pcieBytesPerS: PCIE_4,
    },
    {
      name: "a100-40gb",
      architecture: "ampere" as const,
      // NVIDIA A100 data sheet: 312 TFLOPS BF16, 1,555 GB/s, NVLink 3 at 600 GB/s both directions; no FP8.
      flopsPerS: { bf16: 312 * TERA, fp8: 0 },
      memoryBytes: 40 * GIB,
      memoryBytesPerS: 1555 * GIGA,
      nvlinkBytesPerS: 300 * GIGA,
      pcieBytesPerS: PCIE_4,
    },
    {
      name: "a100-80gb",
      architecture: "ampere" as const,
      // aiconfigurator a100_sxm.yaml: 312 TFLOPS, 2.039 TB/s, 80 GiB, 300 GB/s one direction; no FP8.
      flopsPerS: { bf16: 312 * TERA, fp8: 0 },
      memoryBytes: 80 * GIB,
      memoryBytesPerS: 2039 * GIGA,
      nvlinkBytesPerS: 300 * GIGA,
      pcieBytesPerS: PCIE_4,
    },
    {
      name: "h100-sxm",
      architecture: "hopper" as const,
      // aiconfigurator h100_sxm.yaml: 989 and 1,978 TFLOPS, 3,350 GB/s, 80 GiB, 450 GB/s one direction.
      flopsPerS: { bf16: 989 * TERA, fp8: 1978 * TERA },
      memoryBytes: 80 * GIB,
      memoryBytesPerS: 3350 * GIGA,
      nvlinkBytesPerS: 450 * GIGA,
      pcieBytesPerS: PCIE_5,
    },
    {
      name: "h100-pcie",
      architecture: "hopper" as const,
      // aiconfigurator h100_pcie.yaml: 756.5 and 1,513 TFLOPS, 2,000 GB/s. NVLink bridges are optional: left out.
      flopsPerS: { bf16: 756.5 * TERA, fp8: 1513 * TERA },
      memoryBytes: 80 * GIB,
      memoryBytesPerS: 2000 * GIGA,
      nvlinkBytesPerS: 0,
      pcieBytesPerS: PCIE_5,
    },
    {
      name: "h200",
      architecture: "hopper" as const,
      // aiconfigurator h200_sxm.yaml: 989 and 1,978 TFLOPS, 4,800 GB/s, 900 GB/s NVLink both directions.
      flopsPerS: { bf16: 989 * TERA, fp8: 1978 * TERA },
      // 141 GB of the data sheet are binary: drivers report 143,771 MiB (recollected; 144,384 MiB nominal).
      memoryBytes: 143_771 * MIB,
      memoryBytesPerS: 4800 * GIGA,
      nvlinkBytesPerS: 450 * GIGA,
      pcieBytesPerS: PCIE_5,
    },
    {
      name: "b200",
      architecture: "blackwell" as const,
      // aiconfigurator b200_sxm.yaml: 2,250 and 4,500 TFLOPS, 7,700 GB/s, 900 GB/s one direction.
      flopsPerS: { bf16: 2250 * TERA, fp8: 4500 * TERA },
      // AWS lists 183,359 MiB usable of 180 GiB nominal (skypilot-org/skypilot-catalog, aws/vms.csv).
      memoryBytes: 183_359 * MIB,
      memoryBytesPerS: 7700 * GIGA,
      nvlinkBytesPerS: 900 * GIGA,
      pcieBytesPerS: PCIE_6,
    },
    {
      name: "mi300x",
      // AMD MI300X data sheet, rounded: 1,307 and 2,615 TFLOPS, 192 GB at 5.3 TB/s; medium confidence, second-hand.
      flopsPerS: { bf16: 1307 * TERA, fp8: 2615 * TERA },
      memoryBytes: 192 * GIB,
      memoryBytesPerS: 5300 * GIGA,
      // Infinity Fabric, 896 GB/s over seven links and both directions.
      nvlinkBytesPerS: 448 * GIGA,
      pcieBytesPerS: PCIE_5,
    },
  ].map((gpu) => [gpu.name, gpu]),
);
