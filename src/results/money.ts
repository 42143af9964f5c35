/** The money of results.json: nano-dollars of the ledger into dollars per tenant and pool. */
import type { PriceConfig } from "../engine/config.ts";
import type { Engine } from "../engine/engine.ts";
import type { CostBlock } from "./results.ts";
import type { TenantStats } from "./tenant-stats.ts";

const NANO = 1e9;

export function usd(nanoUsd: number): number {
  return nanoUsd / NANO;
}

export function costBlock(engine: Engine<unknown>, tenant: number, stats: TenantStats): CostBlock {
  const { ledger } = engine;
  const gpu = ledger.amount(tenant, "gpu");
  const input = ledger.amount(tenant, "input");
  const cachedInput = ledger.amount(tenant, "cached-input");
  const output = ledger.amount(tenant, "output");
  const adapters = ledger.amount(tenant, "adapter");
  const idle = ledger.amount(tenant, "idle");
  const total = gpu + input + cachedInput + output + adapters + idle;
  return {
    gpuUsd: usd(gpu),
    inputTokensUsd: usd(input),
    cachedInputTokensUsd: usd(cachedInput),
    outputTokensUsd: usd(output),
    adaptersUsd: usd(adapters),
    idleUsd: usd(idle),
    lentUsd: usd(ledger.lentNanoUsd(tenant)),
    totalUsd: usd(total),
    gpuUsdByBatchShare: usd(ledger.batchShareNanoUsd(tenant)),
    gpuSeconds: ledger.quantity(tenant, "gpu") / 1e9,
    cacheSavedUsd: cacheSavedUsd(engine.platform.prices, ledger.quantity(tenant, "cached-input")),
    usdPerMillionTokens: usdPerMillion(usd(total), stats),
  };
}

/** What cached tokens would have cost more as computed ones. */
export function cacheSavedUsd(
  { inputTokenNanoUsd, cachedInputTokenNanoUsd }: PriceConfig,
  cachedTokens: number,
): number {
  return usd(cachedTokens * (inputTokenNanoUsd - cachedInputTokenNanoUsd));
}

/** Dollars per million tokens in and out; null without any. */
export function usdPerMillion(dollars: number, stats: TenantStats): number | null {
  const tokens = stats.promptTokens + stats.outputTokens;
  return tokens === 0 ? null : (dollars * 1e6) / tokens;
}
