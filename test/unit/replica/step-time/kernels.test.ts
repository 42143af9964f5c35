/** Hand-worked kernel times. */
import { describe, expect, test } from "vitest";
import { expertsReached } from "../../../../src/replica/step-time/experts.ts";
import {
  allReducePs,
  machineOf,
  matmulPs,
  overlapped,
} from "../../../../src/replica/step-time/kernels.ts";
import { GPUS } from "../../../../src/scenario/catalogue/gpus.ts";
import { GPU, HALF } from "./models.ts";

describe("matrix product", () => {
  const matrix = { inner: 4_096, columns: 4_096, bytesPerWeight: 2, precision: "bf16" } as const;
  const machine = machineOf(GPU, {
    ...HALF,
    bf16: { floorPs: 5e6, reads: 0.5, compute: 0.5 },
  });

  test("of one token reads the weights: 33.57 MB at half of 4 TB/s, and a launch of 5 us", () => {
    const bytes = 4_096 * 4_096 * 2 + 2 * 4_096 * 2;
    expect(matmulPs(machine, 1, matrix)).toBeCloseTo(5e6 + bytes / 2, 1);
  });

  test("of 8,192 tokens computes: 275 GFLOP at half of 1,000 TFLOP/s", () => {
    const computePs = 2 * 8_192 * 4_096 * 4_096 * 0.002;
    const took = matmulPs(machine, 8_192, matrix) - 5e6;
    expect(took).toBeGreaterThan(computePs);
    expect(took).toBeLessThan(1.01 * computePs);
  });

  test("of FP8 weights reads half as much", () => {
    const fp8 = { ...matrix, bytesPerWeight: 1, precision: "fp8" } as const;
    expect(matmulPs(machine, 1, fp8)).toBeCloseTo((4_096 * 4_096 + 2 * 4_096 * 2) / 2, 1);
  });
});

test("reading and computing overlap, least where they are alike", () => {
  expect(overlapped(3, 0)).toBe(3);
  expect(overlapped(0, 5)).toBe(5);
  // The fourth root of 2.
  expect(overlapped(7, 7) / 7).toBeCloseTo(1.1892, 4);
  expect(overlapped(1, 4)).toBeCloseTo(4.0039, 4);
});

describe("all-reduce", () => {
  const shares = { floorPs: 4e6, perGpuPs: 1e6, link: 0.5, sharing: 2 };

  test("of one GPU is none", () => {
    expect(allReducePs(GPU, 1, 1e6, shares)).toBe(0);
  });

  test("of two: 4 + 1 us, and 1 MB over half of 500 GB/s", () => {
    expect(allReducePs(GPU, 2, 1e6, shares)).toBeCloseTo(5e6 + 4e6, 3);
  });

  test("of four moves 1.5 times the message, and two more share the link", () => {
    expect(allReducePs(GPU, 4, 1e6, shares)).toBeCloseTo(7e6 + 6e6 * 5, 3);
  });

  test("goes over PCIe where there is no NVLink, with PCIe's constants", () => {
    const pcie = { ...GPU, nvlinkBytesPerS: 0 };
    expect(allReducePs(pcie, 2, 1e6, shares)).toBeCloseTo(5e6 + 40e6, 3);
    expect(allReducePs(pcie, 8, 1e6)).toBeGreaterThan(10 * allReducePs(GPU, 8, 1e6));
  });

  test("of more GPUs than a bridge joins goes over PCIe", () => {
    const bridged = { ...GPU, nvlinkGpus: 2 };
    expect(allReducePs(bridged, 2, 1e6)).toBe(allReducePs(GPU, 2, 1e6));
    const pcie = { ...GPU, nvlinkBytesPerS: 0 };
    expect(allReducePs(bridged, 4, 1e6)).toBe(allReducePs(pcie, 4, 1e6));
    expect(GPUS.get("h100-nvl")!.spec.nvlinkGpus).toBe(2);
  });
});

test.each([
  // One token reaches its own; two share each of 8 with a quarter's chance; many reach all.
  [8, 2, 1, 2],
  [8, 2, 2, 3.5],
  [256, 8, 1, 8],
  [8, 2, 1_000, 8],
  [16, 16, 3, 16],
])("of %i experts, %i a token, %i tokens reach %d", (experts, perToken, tokens, expected) => {
  expect(expertsReached(experts, perToken, tokens)).toBeCloseTo(expected, 9);
});
