/**
 * The x-ratelimit headers: what the engine knows exactly of a tenant's limits after a decision. Requests are those of the rate
 * limit's bucket (its burst, what would pass at once, when it is full again). Tokens are those of the minute where that
 * is limited, else of the day. What is not limited has no header.
 */
import type { TenantQuota } from "../../engine/quota/tenant-quota.ts";

/** Appends names and values in turn. */
export function pushRateHeaders(headers: string[], quota: TenantQuota, nowNs: number): void {
  const { config, requestRate, tokenRate, tokensPerDay } = quota;
  if (config.maxQps !== Infinity) {
    push(headers, "requests", {
      limit: config.burst,
      remaining: requestRate.remaining(nowNs),
      resetNs: requestRate.untilFullNs(nowNs),
    });
  }
  if (config.maxTokensPerMinute !== Infinity) {
    push(headers, "tokens", {
      limit: config.maxTokensPerMinute,
      remaining: tokenRate.remaining(nowNs),
      resetNs: tokenRate.untilFullNs(nowNs),
    });
  } else if (config.maxTokensPerDay !== Infinity) {
    push(headers, "tokens", {
      limit: config.maxTokensPerDay,
      remaining: Math.max(0, tokensPerDay.limit - tokensPerDay.reserved - tokensPerDay.spent),
      resetNs: tokensPerDay.endsAtNs - nowNs,
    });
  }
}

interface Reading {
  readonly limit: number;
  readonly remaining: number;
  readonly resetNs: number;
}

function push(headers: string[], what: "requests" | "tokens", reading: Reading): void {
  headers.push(
    `x-ratelimit-limit-${what}`,
    String(Math.floor(reading.limit)),
    `x-ratelimit-remaining-${what}`,
    String(Math.floor(reading.remaining)),
    `x-ratelimit-reset-${what}`,
    duration(reading.resetNs),
  );
}

/** As OpenAI writes them: "12ms", "1.5s", "6m0s", "23h59m1s". Rounded up, so that waiting it out is enough. */
export function duration(ns: number): string {
  const ms = Math.ceil(Math.max(ns, 0) / 1e6);
  if (ms < 1000) return `${ms}ms`;
  if (ms < 60_000) return `${ms / 1000}s`;
  const seconds = Math.ceil(ms / 1000);
  const minutes = Math.floor(seconds / 60) % 60;
  const hours = Math.floor(seconds / 3600);
  return `${hours > 0 ? `${hours}h` : ""}${minutes}m${seconds % 60}s`;
}
