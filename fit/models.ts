/** The measured models' shapes. */
import type { ModelSpec } from "../src/replica/hardware.ts";
import { modelNamed as known } from "../src/scenario/catalogue/models.ts";

export function modelNamed(name: string): ModelSpec {
  const named = known(name);
  if (named === undefined) throw new Error(`the catalogue has no ${name}`);
  return { ...named.entry.shape, precision: "bf16", kvPrecision: "bf16" };
}
