/** The numbers of our files, by what they may be: what cannot be below nothing, and what is a part of a whole. */
import { z } from "zod";

/** A count, a time, a size. */
export const amount = z.number().nonnegative({
  error: ({ input }) => `expected 0 or more, not ${String(input)}`,
});

/** A part of a whole. */
export const share = z.number().refine((value) => value >= 0 && value <= 1, {
  error: ({ input }) => `expected a share from 0 to 1, not ${String(input)}`,
});
