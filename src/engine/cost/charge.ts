/** The entries of the ledger: who pays how much of what, and for which request. */

/**
 * "lent" is GPU time of the tenant's own replicas that others used and paid for: an entry without an amount, for the credit
 * is that the owner is not charged for it as idle.
 */
export type ChargeKind = "gpu" | "input" | "cached-input" | "output" | "adapter" | "idle" | "lent";

export const CHARGE_KINDS: readonly ChargeKind[] = [
  "gpu",
  "input",
  "cached-input",
  "output",
  "adapter",
  "idle",
  "lent",
];

export interface Charge {
  /** Index into PlatformConfig.tenants. */
  tenant: number;
  /** The request's number; undefined for what no single request caused (idle time, adapters). */
  request: number | undefined;
  kind: ChargeKind;
  /** Tokens for input, cached-input and output; GPU-nanoseconds otherwise. */
  quantity: number;
  amountNanoUsd: number;
}
