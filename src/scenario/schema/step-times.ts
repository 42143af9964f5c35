/** A pool's `stepTime`: coefficients written down, or a measured profile. */
import { z } from "zod";
import { stepTime } from "./values.ts";

const COEFFICIENTS = ["fixed", "perSequence", "perToken", "perContextToken"] as const;

export const stepTimes = z
  .strictObject({
    fixed: stepTime().optional().describe("Per step."),
    perSequence: stepTime().optional().describe("Per sequence in the step."),
    perToken: stepTime().optional().describe("Per token computed in the step, prompt or output."),
    perContextToken: stepTime()
      .optional()
      .describe("Per token of context of the decoding sequences."),
    profile: z
      .union([z.string().min(1), z.looseObject({})], {
        error: "expected the name of a profile file, or what such a file holds",
      })
      .optional()
      .describe(
        "Profile file as tenantry profile import writes it, relative to the scenario's folder; or what such a file holds.",
      ),
  })
  .superRefine((value, context) => {
    const given = COEFFICIENTS.filter((name) => value[name] !== undefined);
    if (value.profile !== undefined && given.length > 0) {
      const message = `a profile says it all: leave out ${given.join(", ")}, or the profile`;
      context.addIssue({ code: "custom", message, path: ["profile"] });
    }
    const { fixed = 0, perSequence = 0, perToken = 0 } = value;
    if (value.profile === undefined && fixed + perSequence + perToken === 0) {
      const message = "a step would take no time: give fixed, perSequence or perToken";
      context.addIssue({ code: "custom", message });
    }
  })
  .transform((value) =>
    value.profile === undefined
      ? {
          fixed: value.fixed ?? 0,
          perSequence: value.perSequence ?? 0,
          perToken: value.perToken ?? 0,
          perContextToken: value.perContextToken ?? 0,
        }
      : { profile: value.profile },
  );
