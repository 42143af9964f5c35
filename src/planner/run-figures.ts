/** The form of a run's figures where they come from outside this process: from a file, or from another machine. */
import { z } from "zod";

const verdict = z.enum(["met", "missed", "not-enough-data"]);
const figures = z.record(z.string(), z.number().nullable());

export const runFigures = z.object({
  seed: z.number(),
  simulatedSeconds: z.number(),
  tiers: z.array(
    z.object({
      name: z.string(),
      verdict,
      objective: z.number(),
      targets: z.array(
        z.object({
          metric: z.enum(["ttft", "tpot", "e2e", "queue"]),
          percentile: z.number(),
          limitMs: z.number(),
          measuredMs: z.number().nullable(),
          verdict,
        }),
      ),
      figures,
    }),
  ),
  platform: figures,
});
