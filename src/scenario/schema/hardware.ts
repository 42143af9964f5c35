/** Models and GPUs of the file's own: `platform.models` and `platform.gpus`. */
import { z } from "zod";
import { bytes, bytesPerS, flopsPerS, positiveCount } from "./values.ts";

export const model = z.strictObject({
  parameters: positiveCount().describe("All parameters, for example 8.03B."),
  activeParameters: positiveCount()
    .optional()
    .describe("Parameters used per token, where fewer (mixture of experts)."),
  layers: z.int().positive().describe("Transformer layers."),
  hiddenSize: z.int().positive().describe("Width of the residual stream."),
  attentionHeads: z.int().positive().describe("Query heads."),
  kvHeads: z.int().positive().describe("Key and value heads."),
  headSize: z.int().positive().describe("Width of one head."),
  ffnSize: z
    .int()
    .positive()
    .optional()
    .describe("Width of the feed-forward layer; sizes adapters given by rank."),
  maxContext: positiveCount().describe("Longest context, prompt and output together, tokens."),
});

export const gpu = z.strictObject({
  bf16: flopsPerS().describe("Dense (not sparse) BF16 tensor rate."),
  fp8: flopsPerS().optional().describe("Dense FP8 tensor rate; leave out where the GPU has none."),
  memory: bytes().describe("Device memory."),
  memoryBandwidth: bytesPerS().describe("Device memory bandwidth."),
  nvlink: bytesPerS()
    .optional()
    .describe("To the other GPUs of its node, one direction; leave out for PCIe only."),
  pcie: bytesPerS().describe("Host to device, one direction."),
});

export type ModelFile = z.output<typeof model>;
