/** Reads a results.json that somebody names, and says what is wrong with one that is none. */
import { RESULTS_SCHEMA_VERSION, type Results } from "../results/results.ts";
import { checkedFile } from "./files/checked.ts";
import { resultsSchema } from "./files/results-schema.ts";

/** Fails: InputError when the value is not a results.json of this version. */
export function resultsOf(value: unknown, path: string): Results {
  return checkedFile(value, path, {
    name: "results.json",
    version: RESULTS_SCHEMA_VERSION,
    schema: resultsSchema,
  });
}
