/**
 * What each tier is guaranteed of a pool: the one rule that scheduling keeps to, and by which isolation judges who asks for more
 * than is due to him.
 */
import type { PlatformConfig, PoolConfig } from "../config.ts";

/** No share is smaller, so that every counter can move. */
const SMALLEST_SHARE = 0.001;

/** The pool's own shares where it states them, else the tiers' weights; they add up to 1. */
export function guaranteedShares(platform: PlatformConfig, pool: PoolConfig): number[] {
  const stated = pool.tierShares.some((share) => share > 0);
  const shares = platform.tiers.map(({ weight }, tier) =>
    stated ? pool.tierShares[tier]! : weight,
  );
  const total = shares.reduce((sum, share) => sum + share, 0);
  return shares.map((share) =>
    Math.max(SMALLEST_SHARE, total > 0 ? share / total : 1 / shares.length),
  );
}
