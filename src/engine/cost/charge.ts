/** The entries of the ledger: who pays how much of what, and for which request. */

export type ChargeKind = "gpu" | "input" | "cached-input" | "output" | "adapter" | "idle";

export const CHARGE_KINDS: readonly ChargeKind[] = [
  "gpu",
  "input",
  "cached-input",
  "output",
  "adapter",
  "idle",
];

export interface Charge {
  /** Index into PlatformConfig.tenants. */
  tenant: number;
  /** The request's number; undefined for what no single request caused (idle time, adapters). */
  request: number | undefined;
  kind: ChargeKind;
  /** GPU-nanoseconds for gpu, idle and adapter; tokens otherwise. */
  quantity: number;
  amountNanoUsd: number;
}
