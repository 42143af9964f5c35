/** `tenantry gpus`: what is known of GPUs, and where every figure is from. */
import { formatCount, formatNumber } from "../report/format.ts";
import { type GpuEntry, GPUS } from "../scenario/catalogue/gpus.ts";
import { nearest } from "../scenario/nearest.ts";
import { EXIT, InputError } from "./exit-codes.ts";
import { type Fact, printFacts } from "./facts.ts";
import { printTable } from "./output.ts";

const TERA = 1e12;
const GIGA = 1e9;
const GIB = 1024 * 1024 * 1024;
const NONE = "—";

/** Runs the command; returns its exit code. */
export function gpusCommand(
  name: string | undefined,
  options: { readonly json?: boolean },
): number {
  const entries = name === undefined ? [...GPUS.values()] : [gpuCalled(name)];
  if (options.json === true) {
    const facts = entries.map(({ title, spec, figures }) => ({ name: spec.name, title, figures }));
    process.stdout.write(
      `${JSON.stringify(name === undefined ? facts : facts[0], undefined, 2)}\n`,
    );
    return EXIT.fine;
  }
  if (name === undefined) printAll(entries);
  else printOne(entries[0]!);
  return EXIT.fine;
}

/** A GPU of the catalogue. Fails: InputError with the nearest name where there is none. */
export function gpuCalled(name: string): GpuEntry {
  const found = GPUS.get(name.toLowerCase());
  if (found !== undefined) return found;
  const known = [...GPUS.keys()];
  const meant = nearest(name, known);
  const hint = meant === undefined ? "" : `; did you mean '${meant}'?`;
  throw new InputError(`unknown GPU '${name}' (known: ${known.join(", ")})${hint}`);
}

function printAll(entries: readonly GpuEntry[]): void {
  const head = ["GPU", "BF16", "FP8", "Memory", "Bandwidth", "NVLink", "PCIe"];
  const rows = entries.map(({ spec }) => [
    spec.name,
    teraFlops(spec.flopsPerS.bf16),
    teraFlops(spec.flopsPerS.fp8),
    gib(spec.memoryBytes),
    gigaBytes(spec.memoryBytesPerS),
    gigaBytes(spec.nvlinkBytesPerS),
    gigaBytes(spec.pcieBytesPerS),
  ]);
  printTable({ title: "Dense TFLOPS, GiB, and GB/s in one direction", head, rows }, "right");
  process.stdout.write("\nEvery figure's source: tenantry gpus <gpu>, or --json.\n");
}

function printOne({ title, spec, figures }: GpuEntry): void {
  const facts: readonly Fact[] = [
    ["BF16", `${teraFlops(figures.bf16.value)} TFLOPS, dense: ${figures.bf16.source}`],
    ["FP8", `${teraFlops(figures.fp8.value)} TFLOPS, dense: ${figures.fp8.source}`],
    ["Memory", figures.memory.source],
    [
      "Bandwidth",
      `${gigaBytes(figures.memoryBandwidth.value)} GB/s: ${figures.memoryBandwidth.source}`,
    ],
    [
      "NVLink",
      `${gigaBytes(figures.nvlink.value)} GB/s in one direction: ${figures.nvlink.source}`,
    ],
    ["PCIe", `${gigaBytes(figures.pcie.value)} GB/s: ${figures.pcie.source}`],
  ];
  printFacts(`${spec.name} (${title})`, facts);
}

function teraFlops(flopsPerS: number): string {
  return flopsPerS === 0 ? NONE : exactly(flopsPerS / TERA);
}

function gigaBytes(bytesPerS: number): string {
  return bytesPerS === 0 ? NONE : exactly(bytesPerS / GIGA);
}

/** Whole where it is whole. */
function exactly(value: number): string {
  return Number.isInteger(value) ? formatCount(value) : formatNumber(value, 5);
}

function gib(bytes: number): string {
  return formatNumber(bytes / GIB, 4);
}
