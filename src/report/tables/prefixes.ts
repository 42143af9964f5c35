/**
 * What the prefix caches found and what that saved, for tiers and tenants; nothing where no prompt was found in one. Token
 * prices only: what caching saves in GPU time shows in a run without it.
 */
import type { CountBlock, Results } from "../../results/results.ts";
import { DEFINITIONS } from "../definitions.ts";
import { formatCount, formatShare, formatUsd } from "../format.ts";
import { cell, left, right, type Cell, type Table } from "../table.ts";

/** The table, tiers first; empty where nothing was cached. */
export function prefixTables(results: Results): readonly Table[] {
  const { platform, tiers, tenants } = results;
  if (platform.counts.cachedPromptTokens === 0) return [];
  return [
    {
      title: "Prefix cache",
      columns: [
        left("Of"),
        right("Prompt tokens"),
        right("Found cached"),
        right("Hit rate", DEFINITIONS.hitRate.meaning),
        right("Saved", DEFINITIONS.cacheSaved.meaning),
      ],
      rows: [
        row("platform", platform.counts, platform.cacheSavedUsd),
        ...tiers.map((tier) => row(`tier ${tier.name}`, tier.counts, tier.cacheSavedUsd)),
        ...tenants.map(({ name, counts, cost }) => row(name, counts, cost.cacheSavedUsd)),
      ],
    },
  ];
}

function row(name: string, counts: CountBlock, savedUsd: number): readonly Cell[] {
  return [
    cell(name),
    cell(formatCount(counts.promptTokens)),
    cell(formatCount(counts.cachedPromptTokens)),
    cell(formatShare(counts.prefixHitRate), "No prompt was served."),
    cell(formatUsd(savedUsd)),
  ];
}
