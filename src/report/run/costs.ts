/**
 * What a run's platform costs, by the hour and the month, and who causes it. A tenant's part is the GPU time that its requests
 * used and the idle time that is its own; what nobody is charged for is said as what it is.
 */
import type { Results, TenantResult } from "../../results/results.ts";
import { usdPerHour } from "../../results/measures.ts";
import { formatCount, formatMonthlyUsd, formatShare, formatUsd } from "../format.ts";
import { joinWords } from "../verdict.ts";

/** A year of 8760 hours in twelve parts, as cloud providers bill. */
export const HOURS_PER_MONTH = 730;

/** Tenants named in a sentence. */
const NAMED = 3;

/** Smaller parts of the cost are not worth a sentence. */
const LEAST_PART = 0.005;

interface TenantCost {
  readonly name: string;
  readonly usdPerHour: number;
  readonly share: number;
}

/** Every tenant's part of the GPU cost, the dearest first; undefined where the run cannot know. */
function tenantCosts(results: Results): readonly TenantCost[] | undefined {
  const { gpuUsd } = results.platform;
  const perHour = usdPerHour(results);
  if (gpuUsd === null || perHour === null || gpuUsd === 0) return undefined;
  return results.tenants
    .map((tenant) => {
      const share = causedUsd(tenant) / gpuUsd;
      return { name: tenant.name, share, usdPerHour: share * perHour };
    })
    .toSorted((a, b) => b.share - a.share);
}

function causedUsd({ cost }: TenantResult): number {
  return (cost.gpuUsd ?? 0) + (cost.idleUsd ?? 0);
}

/** The price beside the verdict, for the headline. */
export function priceWords(results: Results): readonly string[] {
  const { gpus } = results.platform;
  const perHour = usdPerHour(results);
  if (gpus === null || perHour === null || results.run.requests === 0) return [];
  const most = results.pools.some(({ scaling }) => scaling !== null) ? "up to " : "";
  return [
    `It ran on ${most}${formatCount(gpus)} ${gpus === 1 ? "GPU" : "GPUs"} at ${formatUsd(perHour)} an hour.`,
  ];
}

export function costWords(results: Results): readonly string[] {
  const { platform } = results;
  const perHour = usdPerHour(results);
  const costs = tenantCosts(results);
  if (perHour === null || costs === undefined) {
    return platform.revenueUsd === 0
      ? []
      : [
          `Billed for tokens: ${formatUsd(platform.revenueUsd)}. What the GPUs cost, a client cannot see.`,
        ];
  }
  const { completed } = platform.counts;
  const each =
    completed === 0 || platform.gpuUsd === null
      ? ""
      : `, ${formatUsd(platform.gpuUsd / completed)} per request`;
  const tokens =
    platform.usdPerMillionTokens === null
      ? ""
      : `: ${formatUsd(platform.usdPerMillionTokens)} per million tokens${each}`;
  return [
    `The GPUs cost ${formatUsd(perHour)} an hour, ${formatMonthlyUsd(perHour * HOURS_PER_MONTH)} a month${tokens}.`,
    ...tenantWords(costs, perHour),
  ];
}

function tenantWords(costs: readonly TenantCost[], perHour: number): readonly string[] {
  const causing = costs.filter(({ share }) => share > 0);
  if (causing.length === 0) return [];
  const named = causing
    .slice(0, NAMED)
    .map(({ name, usdPerHour: usd, share }) => `${name} ${part(usd, share)}`);
  const others = causing.slice(NAMED);
  const otherShare = others.reduce((sum, { share }) => sum + share, 0);
  const rest =
    others.length === 0
      ? []
      : [
          `${others.length} ${others.length === 1 ? "other" : "others"} ${part(otherShare * perHour, otherShare)}`,
        ];
  const nobodys = 1 - causing.reduce((sum, { share }) => sum + share, 0);
  const idle =
    nobodys < LEAST_PART
      ? []
      : [
          `${part(nobodys * perHour, nobodys)} is idle or lost time of shared GPUs, which is charged to nobody.`,
        ];
  return [`By the GPU time they cause: ${joinWords([...named, ...rest])}.`, ...idle];
}

function part(usd: number, share: number): string {
  return `${formatUsd(usd)}/h (${formatShare(share)})`;
}
