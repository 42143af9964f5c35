/**
 * Feeds the fairness tracker of one pool: service delivered so far, the tokens of running sequences included, compared between
 * tenants that stay backlogged. Sampled on the engine's periodic wake-up.
 */
import { grownFloats } from "../base/grow.ts";
import type { PlatformConfig } from "./config.ts";
import { FairnessTracker, type ServiceGap } from "./fairness.ts";
import { serviceOf } from "./policy/service-counters.ts";
import type { Request } from "./request.ts";
import type { PoolScheduler } from "./scheduler.ts";

export class FairnessMonitor<Origin> {
  readonly #scheduler: PoolScheduler<Origin>;
  readonly #tracker: FairnessTracker;
  #weights: readonly number[];
  /** Service delivered in stays that have ended, and prompts of those that run. */
  #service: Float64Array;
  /** Service received, and samples seen, from one sample with several tenants backlogged to the next. */
  #contendedService: Float64Array;
  #contendedSamples: Float64Array;
  #lastSample: { backlogs: ReadonlyMap<number, number>; service: Float64Array } | undefined;

  constructor(scheduler: PoolScheduler<Origin>) {
    const { platform } = scheduler;
    this.#scheduler = scheduler;
    this.#service = new Float64Array(platform.tenants.length);
    this.#contendedService = new Float64Array(platform.tenants.length);
    this.#contendedSamples = new Float64Array(platform.tenants.length);
    this.#weights = weightsOf(platform);
    const replicas = scheduler.usableReplicas.map(({ config }) => config);
    this.#tracker = new FairnessTracker(this.#weights, {
      ...platform.policy,
      kvTokens: replicas.reduce((sum, one) => sum + one.kvBlocks * one.blockTokens, 0),
      slots: replicas.reduce((sum, { maxNumSeqs }) => sum + maxNumSeqs, 0),
      replicas: replicas.length,
    });
  }

  /** The platform has changed in place: gaps are measured afresh under its weights, the worst one is remembered. */
  reloaded(): void {
    const { platform } = this.#scheduler;
    this.#weights = weightsOf(platform);
    this.#service = grownFloats(this.#service, platform.tenants.length);
    this.#contendedService = grownFloats(this.#contendedService, platform.tenants.length);
    this.#contendedSamples = grownFloats(this.#contendedSamples, platform.tenants.length);
    this.#lastSample = undefined;
    this.#tracker.reweight(this.#weights);
  }

  get worst(): ServiceGap | undefined {
    return this.#tracker.worst;
  }

  /** The request's prompt has been computed for the first time. */
  prompt(request: Request<Origin>): void {
    this.#tracker.served(request.promptTokens, request.maxOutputTokens);
    const input = request.promptTokens - request.cachedTokens;
    this.#add(request.tenant, { input, output: 0 });
  }

  /** A stay ended after this many output tokens. */
  delivered(request: Request<Origin>, outputTokens: number): void {
    this.#add(request.tenant, { input: 0, output: outputTokens });
  }

  service(tenant: number): number {
    return this.#service[tenant]!;
  }

  /** Compares the backlogged tenants with each other and with the sample before. */
  sample(): void {
    const queues = this.#scheduler.backlogged.filter(({ isStranded }) => !isStranded);
    if (queues.length < 2) {
      this.#lastSample = undefined;
      return;
    }
    const service = this.#runningOutput();
    for (let tenant = 0; tenant < service.length; tenant++) {
      const output = service[tenant]!;
      const running = serviceOf(this.#scheduler.platform.policy, { input: 0, output });
      service[tenant] = this.#service[tenant]! + running;
    }
    this.#tracker.sample(queues, (tenant) => service[tenant]!);
    this.#compareRates(new Map(queues.map((q) => [q.tenant, q.backlogNumber])), service);
  }

  /**
   * Jain's index over the weighted service rates of tenants while they and others were backlogged: only then does the
   * scheduler choose who gets what. 1 is perfectly fair; undefined when fewer than two ever were.
   */
  get jainIndex(): number | undefined {
    const rates: number[] = [];
    for (const [tenant, samples] of this.#contendedSamples.entries()) {
      if (samples === 0) continue;
      rates.push(this.#contendedService[tenant]! / samples / this.#weights[tenant]!);
    }
    if (rates.length < 2) return undefined;
    const sum = rates.reduce((total, rate) => total + rate, 0);
    const squares = rates.reduce((total, rate) => total + rate * rate, 0);
    return squares === 0 ? undefined : (sum * sum) / (rates.length * squares);
  }

  #compareRates(backlogs: ReadonlyMap<number, number>, service: Float64Array): void {
    const last = this.#lastSample;
    const both = [...backlogs].filter(([tenant, number]) => last?.backlogs.get(tenant) === number);
    if (last !== undefined && both.length >= 2) {
      for (const [tenant] of both) {
        this.#contendedService[tenant]! += service[tenant]! - last.service[tenant]!;
        this.#contendedSamples[tenant]! += 1;
      }
    }
    this.#lastSample = { backlogs, service };
  }

  #add(tenant: number, tokens: { input: number; output: number }): void {
    this.#service[tenant]! += serviceOf(this.#scheduler.platform.policy, tokens);
  }

  /** Output tokens of the running stays, by tenant. */
  #runningOutput(): Float64Array {
    const output = new Float64Array(this.#service.length);
    for (const { bound, meter } of this.#scheduler.usableReplicas) {
      for (const request of bound) {
        if (request?.pool !== this.#scheduler.pool || !request.isPrefilled) continue;
        output[request.tenant]! += meter.steps - request.firstStep + 1;
      }
    }
    return output;
  }
}

/** What each tenant's service is divided by: its weight times its tier's. */
function weightsOf(platform: PlatformConfig): number[] {
  return platform.tenants.map(({ tier, weight }) => weight * platform.tiers[tier]!.weight);
}
