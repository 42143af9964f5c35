/**
 * Constants that a model's own load tests had a say in, as the operator tables alone would have them: what that model is predicted
 * with where it is left out.
 */
import type { PoolConfig } from "../src/engine/config.ts";
import { type KernelShares, kernelShares } from "../src/replica/step-time/shares.ts";

const QUANTIZED_MODEL = "llama-4-scout";
/** Of the table of H100 ("matrix product, fp8, h100-sxm" of `npm run fit`), whose input is quantized by kernels of its own. */
const QUANTIZED_FLOOR_PS = 13.1e6;

/** The pool's kernel shares by measurements that are not this model's (as the catalogue names it). */
export function sharesWithout(model: string | undefined, { gpu }: PoolConfig): KernelShares {
  const shares = kernelShares(gpu.architecture);
  if (model !== QUANTIZED_MODEL) return shares;
  return { ...shares, fp8: { ...shares.fp8, floorPs: QUANTIZED_FLOOR_PS } };
}
