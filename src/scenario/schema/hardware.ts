/** Models and GPUs of the file's own: `platform.models` and `platform.gpus`. */
import { z } from "zod";
import { bytes, bytesPerS, flopsPerS } from "./values.ts";

/** What huggingface/read-config.ts reads; a path is replaced by what it leads to before the file is looked at. */
export const modelConfig = z
  .union([z.string().min(1), z.record(z.string(), z.unknown())], {
    error: "expected the path of a Hugging Face config.json, or its keys",
  })
  .describe("A Hugging Face config.json: its path, relative to this file, or its keys.");

export const model = z.strictObject({ config: modelConfig });

export const gpu = z.strictObject({
  bf16: flopsPerS().describe("Dense (not sparse) BF16 tensor rate."),
  fp8: flopsPerS().optional().describe("Dense FP8 tensor rate; leave out where the GPU has none."),
  memory: bytes().describe("Device memory, as the runtime reports it."),
  memoryBandwidth: bytesPerS().describe("Device memory bandwidth."),
  nvlink: bytesPerS()
    .optional()
    .describe("To the other GPUs of its node, one direction; leave out for PCIe only."),
  pcie: bytesPerS().describe("Host to device, one direction."),
});

export type ModelConfigFile = z.output<typeof modelConfig>;
