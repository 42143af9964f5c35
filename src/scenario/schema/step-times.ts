/** A pool's `stepTime`: coefficients written down, or a measured profile. */
import { z } from "zod";
import { profileFile } from "../profile-file.ts";
import { stepTime } from "./values.ts";

const coefficients = z
  .strictObject({
    fixed: stepTime().prefault("0ps").describe("Per step."),
    perSequence: stepTime().prefault("0ps").describe("Per sequence in the step."),
    perToken: stepTime()
      .prefault("0ps")
      .describe("Per token computed in the step, prompt or output."),
    perContextToken: stepTime()
      .prefault("0ps")
      .describe("Per token of context of the decoding sequences."),
  })
  .refine((value) => value.fixed + value.perSequence + value.perToken > 0, {
    error: "a step would take no time: give fixed, perSequence or perToken",
  });

export const stepTimes = z.union([
  coefficients,
  z.strictObject({
    profile: z
      .union([z.string().min(1), profileFile])
      .describe(
        "Profile file as tenantry profile import writes it, relative to the scenario's folder; or what such a file holds.",
      ),
  }),
]);
