/**
 * Constants that a model's own load tests had a say in, as the operator tables alone would have them: what that model is predicted
 * with where it is left out. `npm run fit` prints each of them.
 */
import type { KernelShares } from "../src/replica/step-time/shares.ts";
import { kernelShares } from "../src/replica/step-time/shares.ts";
import type { PoolConfig } from "../src/engine/config.ts";

const FROM_TABLES: ReadonlyMap<string, Partial<KernelShares>> = new Map([
  // "experts, tuned shapes, h100-sxm".
  ["mixtral-8x7b", { experts: { floorPs: 26.5e6, reads: 0.842, compute: 0.254 } }],
  // "matrix product, fp8, h100-sxm", quantized by kernels of its own.
  ["llama-4-scout", { fp8: { floorPs: 13.1e6, reads: 0.835, compute: 0.771 } }],
]);

/** The pool's kernel shares by measurements that are not this model's (as the catalogue names it). */
export function sharesWithout(model: string | undefined, { gpu }: PoolConfig): KernelShares {
  const shares = kernelShares(gpu.architecture);
  const own = model === undefined ? undefined : FROM_TABLES.get(model);
  return own === undefined ? shares : { ...shares, ...own };
}
