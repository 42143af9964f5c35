/**
 * Virtual token counters (Sheng et al., "Fairness in Serving Large Language Models", OSDI 2024), one per tenant or tier:
 * service received divided by weight. Whoever's counter is lowest goes next; one that returns after an absence is lifted
 * to the lowest of those present, so that idling earns no credit.
 */
import { grownFloats } from "../../base/grow.ts";
import type { PlatformConfig } from "../config.ts";
import type { Request } from "../request.ts";
import type { ServiceAccount } from "./policy.ts";

export class ServiceCounters {
  #weights: readonly number[];
  #counters: Float64Array;
  #lastLeft = 0;

  constructor(weights: readonly number[]) {
    this.#weights = weights;
    this.#counters = new Float64Array(weights.length);
  }

  /** Other weights from now on, and perhaps more of them; service so far keeps the weight it was given under. */
  reweight(weights: readonly number[]): void {
    this.#weights = weights;
    this.#counters = grownFloats(this.#counters, weights.length);
  }

  /** What service is divided by. */
  weightOf(index: number): number {
    return this.#weights[index]!;
  }

  /** Weighted service so far. */
  at(index: number): number {
    return this.#counters[index]!;
  }

  /** `service` (weighted tokens; negative gives back) goes to one counter. */
  charge(index: number, service: number): void {
    this.#counters[index]! += service / this.#weights[index]!;
  }

  /** The one at `index` returns; `least` is the lowest counter of those present without it, Infinity when nobody is. */
  lift(index: number, least: number): void {
    const floor = least === Infinity ? this.#lastLeft : least;
    this.#counters[index] = Math.max(this.#counters[index]!, floor);
  }

  /** The one at `index` has nothing waiting any more: where newcomers start when nobody is present. */
  departed(index: number): void {
    this.#lastLeft = this.#counters[index]!;
  }
}

/** Service of some tokens in the policy's units. */
export function serviceOf(
  weights: { readonly inputTokenWeight: number; readonly outputTokenWeight: number },
  tokens: { readonly input: number; readonly output: number },
): number {
  return weights.inputTokenWeight * tokens.input + weights.outputTokenWeight * tokens.output;
}

/**
 * The account of a policy that counts service: charges a request's input and expected output when it is bound, tokens beyond
 * that as they are delivered, and what was really used when its stay ends. `charge` hears of every change; so does the
 * record of what other engines have not been told of. After `delivered`, a stay's charge is never below what it delivered.
 */
export function serviceAccount(
  platform: PlatformConfig,
  charge: (tenant: number, service: number) => void,
): ServiceAccount & { bound(request: Request<unknown>): void } {
  let unshared: number[] = [];

  function change(request: Request<unknown>, chargedService: number): void {
    const service = chargedService - request.chargedService;
    request.chargedService = chargedService;
    unshared[request.tenant] = (unshared[request.tenant] ?? 0) + service;
    charge(request.tenant, service);
  }

  return {
    bound: (request) => change(request, expectedService(platform, request)),
    delivered(request, outputTokens) {
      const used = usedService(platform, request, outputTokens);
      if (used > request.chargedService) change(request, used);
    },
    left(request, outputTokens) {
      change(request, usedService(platform, request, outputTokens));
      request.chargedService = 0;
    },
    takeUnshared() {
      const taken = platform.tenants.map((_, tenant) => unshared[tenant] ?? 0);
      unshared = [];
      return taken;
    },
    absorb(service) {
      for (const [tenant, amount] of service.entries()) charge(tenant, amount);
    },
  };
}

/**
 * What a request that is being bound will cost as far as anyone can tell; its input only on its first stay, and without what
 * its replica is thought to have cached. The end of the stay puts it right.
 */
function expectedService(platform: PlatformConfig, request: Request<unknown>): number {
  const isFirstStay = request.outputTokens === 0 && Number.isNaN(request.firstTokenNs);
  return serviceOf(platform.policy, {
    input: isFirstStay ? request.promptTokens - request.cachedHere : 0,
    output: Math.max(1, request.predictedTokens - request.outputTokens),
  });
}

/** What a stay really delivered. Input counts once, in the stay that produced the first token. */
function usedService(
  platform: PlatformConfig,
  request: Request<unknown>,
  outputTokens: number,
): number {
  const producedFirstToken = outputTokens > 0 && request.outputTokens === 0;
  return serviceOf(platform.policy, {
    input: producedFirstToken ? request.promptTokens - request.cachedTokens : 0,
    output: outputTokens,
  });
}
