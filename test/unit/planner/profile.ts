/** A profile of step times for the hardware of the small scenarios. */
import type { Profile } from "../../../src/scenario/profile-file.ts";

/** A decode step takes so many milliseconds, whatever its batch. */
export function profileOf(decodeMs: number): Profile {
  const ps = decodeMs * 1e9;
  return {
    origin: {
      model: "llama-3.1-8b",
      gpu: "h100-sxm",
      tensorParallel: 1,
      precision: undefined,
      engine: "none",
      date: "2026-06-13",
      source: {
        file: "steps.csv",
        sha256: "00",
        format: "tenantry",
        lines: 2,
        steps: 2,
        leftOut: [],
      },
    },
    steps: {
      decode: {
        points: [
          { at: 1, ps },
          { at: 32, ps },
        ],
      },
      contextTokenPs: 0,
      prefill: {
        points: [
          { at: 64, ps: 0 },
          { at: 2048, ps: 35e9 },
        ],
      },
      chunkPs: 0,
      pairPs: 0,
    },
    measured: {
      decodes: { least: 1, most: 32 },
      contextPerDecode: { least: 1, most: 8192 },
      prefillTokens: { least: 1, most: 2048 },
    },
    notes: [],
    cells: [],
  };
}
