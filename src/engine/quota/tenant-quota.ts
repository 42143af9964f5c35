/**
 * One tenant's quotas: every dimension is checked before any is taken, so an admission reserves all or nothing. What was
 * reserved is held on the request and given back exactly once, whichever way the request ends.
 */
import { assert } from "../../base/assert.ts";
import type { PriceConfig, QuotaConfig } from "../config.ts";
import type { RejectReason, Rejection, Request } from "../request.ts";
import { Budget } from "./budget.ts";
import { Gcra } from "./gcra.ts";
import { OutputPredictor } from "./output-predictor.ts";

const MINUTE_S = 60;

type GcraReading = Pick<Gcra, "remaining" | "untilFullNs">;

/** What an admission would reserve. */
export interface Reservation {
  readonly tokens: number;
  readonly nanoUsd: number;
}

export class TenantQuota {
  #config: QuotaConfig;
  readonly outputs = new OutputPredictor();
  readonly tokensPerDay: Budget;
  readonly spendPerMonth: Budget;
  #prices: PriceConfig;
  readonly #requests: Gcra;
  readonly #tokensPerMinute: Gcra;
  #leases = 0;

  constructor(config: QuotaConfig, prices: PriceConfig) {
    this.#config = config;
    this.#prices = prices;
    this.#requests = new Gcra(config.maxQps, config.burst);
    this.#tokensPerMinute = new Gcra(
      config.maxTokensPerMinute / MINUTE_S,
      config.maxTokensPerMinute,
    );
    this.tokensPerDay = new Budget(config.maxTokensPerDay);
    this.spendPerMonth = new Budget(config.maxSpendNanoUsdPerMonth);
  }

  get config(): QuotaConfig {
    return this.#config;
  }

  /** Other limits from now on; what is reserved and spent stays so. */
  reconfigure(config: QuotaConfig, prices: PriceConfig): void {
    this.#config = config;
    this.#prices = prices;
    this.#requests.setRate(config.maxQps, config.burst);
    this.#tokensPerMinute.setRate(config.maxTokensPerMinute / MINUTE_S, config.maxTokensPerMinute);
    this.tokensPerDay.limit = config.maxTokensPerDay;
    this.spendPerMonth.limit = config.maxSpendNanoUsdPerMonth;
  }

  /** Requests admitted and not yet ended. */
  get leases(): number {
    return this.#leases;
  }

  /** The rate limits, to be read: what is left of them is told to clients. */
  get requestRate(): GcraReading {
    return this.#requests;
  }

  get tokenRate(): GcraReading {
    return this.#tokensPerMinute;
  }

  /** What a request of these lengths reserves: its longest output when hard, the usual p90 when soft. */
  reservation(promptTokens: number, maxOutputTokens: number): Reservation {
    const outputTokens =
      this.#config.enforcement === "hard"
        ? maxOutputTokens
        : this.outputs.p90Tokens(maxOutputTokens);
    return {
      tokens: promptTokens + outputTokens,
      nanoUsd: this.#priceOf(promptTokens, 0, outputTokens),
    };
  }

  /** The first limit that refuses, with the exact time after which it would not; undefined when all pass. */
  refusal(nowNs: number, reservation: Reservation): Rejection | undefined {
    // When a lease comes free is not knowable: the advice is to try again at once, with the client's own back-off.
    if (this.#leases >= this.#config.maxConcurrentRequests) {
      return { reason: "concurrency-limit", retryAfterNs: 0 };
    }
    return (
      refused("rate-limit", this.#requests.waitNs(nowNs, 1)) ??
      refused("tokens-per-minute", this.#tokensPerMinute.waitNs(nowNs, reservation.tokens)) ??
      refused("tokens-per-day", this.tokensPerDay.waitNs(nowNs, reservation.tokens)) ??
      refused("spend-per-month", this.spendPerMonth.waitNs(nowNs, reservation.nanoUsd))
    );
  }

  /** Takes everything an admission needs; only after `refusal` found nothing. */
  reserve(nowNs: number, request: Request<unknown>, reservation: Reservation): void {
    this.#leases += 1;
    this.#requests.take(nowNs, 1);
    this.#tokensPerMinute.take(nowNs, reservation.tokens);
    this.tokensPerDay.reserve(reservation.tokens);
    this.spendPerMonth.reserve(reservation.nanoUsd);
    request.reservedTokens = reservation.tokens;
    request.reservedNanoUsd = reservation.nanoUsd;
    request.day = this.tokensPerDay.period;
    request.month = this.spendPerMonth.period;
  }

  /** The request has ended: its lease is free and its reservations become what it really used. */
  settle(request: Request<unknown>, used: { promptTokens: number; outputTokens: number }): void {
    this.#leases -= 1;
    assert(this.#leases >= 0, "a concurrency lease released twice");
    const tokens = used.promptTokens + used.outputTokens;
    const cachedTokens = Math.min(request.cachedTokens, used.promptTokens);
    const nanoUsd = this.#priceOf(
      used.promptTokens - cachedTokens,
      cachedTokens,
      used.outputTokens,
    );
    this.#tokensPerMinute.giveBack(request.reservedTokens - tokens);
    this.tokensPerDay.settle(request.day, request.reservedTokens, tokens);
    this.spendPerMonth.settle(request.month, request.reservedNanoUsd, nanoUsd);
  }

  #priceOf(inputTokens: number, cachedTokens: number, outputTokens: number): number {
    const { inputTokenNanoUsd, cachedInputTokenNanoUsd, outputTokenNanoUsd } = this.#prices;
    return (
      inputTokens * inputTokenNanoUsd +
      cachedTokens * cachedInputTokenNanoUsd +
      outputTokens * outputTokenNanoUsd
    );
  }
}

function refused(reason: RejectReason, retryAfterNs: number): Rejection | undefined {
  return retryAfterNs === 0 ? undefined : { reason, retryAfterNs };
}
