/**
 * Isolation as the engine sees it: told what is asked, served and ended, and woken now and then, it finds noisy neighbours and
 * holds them back. Decisions fall at checks only, from what was told before, so that a journal repeats them.
 */
import type { PlatformConfig } from "../config.ts";
import type { EngineEffects } from "../effects.ts";
import { type RejectReason, type Request, type Submission, isOwed } from "../request.ts";
import type { PoolScheduler } from "../scheduler.ts";
import type { SlaMonitor } from "../sla/sla-monitor.ts";
import type { TenantState } from "../tenant.ts";
import { Demand } from "./demand.ts";
import { Mitigation } from "./mitigation.ts";
import { NoisyNeighbourDetector } from "./noisy-neighbour.ts";
import { RecentLatencies } from "./recent-latencies.ts";

export class Isolation<Origin> {
  readonly #schedulers: readonly PoolScheduler<Origin>[];
  readonly #tenants: readonly TenantState[];
  readonly #effects: EngineEffects<Origin>;
  readonly #demand: Demand<Origin>;
  readonly #recent: RecentLatencies;
  readonly #detector: NoisyNeighbourDetector<Origin>;
  readonly #mitigation: Mitigation<Origin>;

  constructor(parts: {
    readonly platform: PlatformConfig;
    readonly sla: SlaMonitor;
    readonly schedulers: readonly PoolScheduler<Origin>[];
    readonly tenants: readonly TenantState[];
    readonly effects: EngineEffects<Origin>;
  }) {
    const { platform, schedulers } = parts;
    const demand = new Demand(platform, schedulers);
    const recent = new RecentLatencies(platform);
    const detector = new NoisyNeighbourDetector({ ...parts, demand, recent });
    this.#schedulers = schedulers;
    this.#tenants = parts.tenants;
    this.#effects = parts.effects;
    this.#demand = demand;
    this.#recent = recent;
    this.#detector = detector;
    this.#mitigation = new Mitigation({ platform, schedulers, demand, detector });
  }

  reloaded(): void {
    this.#demand.reloaded();
    this.#recent.reloaded();
  }

  admitted(nowNs: number, request: Request<Origin>): void {
    const { pool, tenant, promptTokens, predictedTokens } = request;
    const serviceNs = this.#serviceNs(request, promptTokens, predictedTokens);
    this.#demand.asked(pool, tenant, serviceNs);
    this.#schedulers[pool]!.restraints.admitted(nowNs, tenant, serviceNs);
  }

  /** What is refused for want of room was asked all the same; what the tenant's own quotas refuse loads nobody. */
  refused(submission: Submission<Origin>, tenant: TenantState, reason: RejectReason): void {
    if (!isOwed(reason)) return;
    const { pool, promptTokens } = submission;
    const maxOutputTokens = submission.maxOutputTokens ?? tenant.config.defaultMaxOutputTokens;
    const outputTokens = tenant.quota.outputs.expectedTokens(maxOutputTokens);
    const serviceNs = this.#serviceNs(submission, promptTokens, outputTokens);
    this.#demand.asked(pool, tenant.index, serviceNs);
  }

  firstToken(nowNs: number, request: Request<Origin>): void {
    this.#recent.firstToken(nowNs, request);
  }

  completed(nowNs: number, request: Request<Origin>): void {
    this.#recent.completed(nowNs, request);
  }

  /** A stay of the request on the replica has ended. */
  stayed(request: Request<Origin>, replica: number): void {
    this.#demand.stayed(request.tenant, replica);
  }

  /** Examines everybody, and lets those go on who are held back less than before. */
  check(nowNs: number): void {
    this.#demand.begin(nowNs);
    const events = [...this.#detector.check(nowNs), ...this.#mitigation.check(nowNs)];
    this.#demand.end();
    this.#recent.end();
    for (const event of events) this.#effects.event(nowNs, event);
    for (const pool of this.#mitigation.touchedPools) this.#schedulers[pool]!.dispatch(nowNs);
  }

  /** GPU time of a request, as far as its tenant's prompts are not found cached. */
  #serviceNs(
    { pool, tenant }: { readonly pool: number; readonly tenant: number },
    promptTokens: number,
    outputTokens: number,
  ): number {
    const { forecast, config } = this.#schedulers[pool]!;
    const cachedTokens = promptTokens * this.#tenants[tenant]!.prefixHits.rate;
    return forecast.serviceNs(promptTokens, outputTokens, config.maxNumSeqs, cachedTokens);
  }
}
