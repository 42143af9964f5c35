/**
 * The control plane as one synchronous function of (state, time, input): submissions, cancellations, wake-ups and the
 * replicas' notifications go in, effects come out. The simulator and the live server are two drivers around it. This file
 * only routes: who may enter is admission.ts, who goes next scheduler.ts and policy/, who pays cost/, who suffers sla/.
 */
import { assert } from "../base/assert.ts";
import type { Departure, MeterReading, ReplicaListener } from "../replica/port.ts";
import { screen } from "./admission.ts";
import { createReplicas } from "./allocation/create-replicas.ts";
import type { ReplicaView } from "./allocation/replica-view.ts";
import { StragglerWatch } from "./allocation/stragglers.ts";
import { Autoscaling } from "./autoscaling.ts";
import type { PlatformConfig } from "./config.ts";
import { Ledger } from "./cost/ledger.ts";
import { recomputedTokens, splitStay } from "./cost/split-stay.ts";
import type { EngineEffects } from "./effects.ts";
import { FairnessMonitor } from "./fairness-monitor.ts";
import { Isolation } from "./isolation/isolation.ts";
import { MemoryGuard } from "./memory-guard.ts";
import { reloadRefusal } from "./reload.ts";
import { ReplicaLifecycle } from "./replica-lifecycle.ts";
import { type Admission, type Outcome, Request, type Submission } from "./request.ts";
import { PoolScheduler } from "./scheduler.ts";
import { ttftBudgetsNs } from "./sla/latency.ts";
import { SlaMonitor } from "./sla/sla-monitor.ts";
import { type TenantState, Tenants, prefixKeyOf } from "./tenant.ts";

/** A request that lost its replica this often fails: something is wrong with it, or with everything. */
const MAX_CRASHES = 3;

export class Engine<Origin> implements ReplicaListener {
  /** The engine's own copy, which a reload changes in place: every part of it looks here. */
  readonly platform: PlatformConfig;
  readonly #tenants: Tenants;
  readonly replicas: readonly ReplicaView<Origin>[];
  readonly schedulers: readonly PoolScheduler<Origin>[];
  readonly ledger: Ledger;
  readonly sla: SlaMonitor;
  readonly fairness: readonly FairnessMonitor<Origin>[];
  readonly autoscaling: Autoscaling<Origin>;
  readonly #stragglers: StragglerWatch;
  readonly #lifecycle: ReplicaLifecycle<Origin>;
  readonly #effects: EngineEffects<Origin>;
  readonly #isolation: Isolation<Origin>;
  readonly #memory: MemoryGuard<Origin>;
  #nextNumber = 0;
  #inFlight = 0;
  /** Time to the first token that each tier allows. */
  #ttftBudgetsNs: readonly number[];
  #nextCheckNs: number;
  readonly #idleChargedNs: Float64Array;

  /** `meters` has one reading per replica, in the order of the pools; drivers keep them current. */
  constructor(
    given: PlatformConfig,
    effects: EngineEffects<Origin>,
    meters: readonly MeterReading[],
  ) {
    this.platform = { ...given, pools: given.pools.map((pool) => ({ ...pool })) };
    const { platform } = this;
    this.#effects = effects;
    this.#ttftBudgetsNs = ttftBudgetsNs(platform);
    this.#tenants = new Tenants(platform);
    this.replicas = createReplicas(platform, meters, this.#tenants.adapters);
    this.schedulers = platform.pools.map(
      (_, pool) =>
        new PoolScheduler<Origin>({
          platform,
          pool,
          tenants: this.#tenants.list,
          adapters: this.#tenants.adapters,
          allReplicas: this.replicas,
          effects,
          recall: (nowNs, request) => {
            this.schedulers[request.pool]!.released(nowNs, request, 0);
            this.#requeue(nowNs, request, false);
          },
        }),
    );
    this.ledger = new Ledger(
      platform,
      this.replicas.map(({ config }) => config),
      (nowNs, charge) => effects.charged(nowNs, charge),
    );
    this.sla = new SlaMonitor(platform);
    this.fairness = this.schedulers.map((scheduler) => new FairnessMonitor(scheduler));
    const { sla, schedulers } = this;
    const tenants = this.#tenants.list;
    this.#isolation = new Isolation({ platform, sla, schedulers, tenants, effects });
    this.#stragglers = new StragglerWatch(this.schedulers.map(({ replicas }) => replicas));
    this.#lifecycle = new ReplicaLifecycle({
      schedulers: this.schedulers,
      ledger: this.ledger,
      effects,
      stragglers: this.#stragglers,
      requeue: (nowNs, request) => this.#requeue(nowNs, request, true),
    });
    this.autoscaling = new Autoscaling(this.schedulers, this.#lifecycle);
    this.#memory = new MemoryGuard(tenants, this.replicas, effects);
    this.#idleChargedNs = new Float64Array(this.replicas.length);
    this.#nextCheckNs = platform.isolation.checkEveryNs;
    effects.wakeAt(this.#nextCheckNs);
  }

  get tenants(): readonly TenantState[] {
    return this.#tenants.list;
  }

  /** Requests admitted and not yet ended. */
  get requestsInFlight(): number {
    return this.#inFlight;
  }

  submit(nowNs: number, submission: Submission<Origin>): Admission<Origin> {
    const tenant = this.tenants[submission.tenant]!;
    const scheduler = this.schedulers[submission.pool]!;
    assert(tenant.config.pools.includes(submission.pool), "a pool that is not the tenant's");
    const screening = screen(nowNs, submission, tenant, scheduler);
    if (screening.kind === "refuse") {
      this.#isolation.refused(submission, tenant, screening.rejection.reason);
      return { kind: "rejected", ...screening.rejection };
    }
    const { maxOutputTokens } = screening;
    const { arrivalNs = nowNs } = submission;
    const predictedTokens = tenant.quota.outputs.expectedTokens(maxOutputTokens);
    const request = new Request(submission, {
      number: this.#nextNumber++,
      tier: tenant.config.tier,
      arrivalNs,
      deadlineNs: arrivalNs + this.#ttftBudgetsNs[tenant.config.tier]!,
      maxOutputTokens,
      predictedTokens,
      prefix: prefixKeyOf(submission, tenant, scheduler.config),
    });
    tenant.quota.reserve(nowNs, request, screening.reservation);
    this.#inFlight += 1;
    this.#isolation.admitted(nowNs, request);
    scheduler.enqueue(request);
    this.#dispatchAt(nowNs, submission.pool);
    return { kind: "accepted", request };
  }

  /** The caller has gone: a waiting request ends at once, a running one when its replica lets it go. */
  cancel(nowNs: number, request: Request<Origin>): void {
    if (request.state === "ended" || request.isCancelled) return;
    request.isCancelled = true;
    const scheduler = this.schedulers[request.pool]!;
    if (request.state === "queued") {
      scheduler.withdraw(request);
      this.#end(nowNs, request, "cancelled");
    } else if (request.state === "loading") {
      scheduler.released(nowNs, request, 0);
      this.#end(nowNs, request, "cancelled");
      this.#lifecycle.settleDrain(nowNs, this.replicas[request.replica]!);
    } else if (request.state !== "evicting") {
      scheduler.evict(nowNs, request);
    }
    // A withdrawal may end what kept others out: a hold, or an owner's claim to replicas that it lends.
    this.#dispatchAt(nowNs, request.pool);
  }

  /** The time asked for by `wakeAt` has come; early and late calls are safe. */
  wake(nowNs: number): void {
    if (nowNs < this.#nextCheckNs) return;
    for (const monitor of this.fairness) monitor.sample();
    this.#isolation.check(nowNs);
    for (const event of this.#stragglers.check(nowNs)) this.#effects.event(nowNs, event);
    for (const scheduler of this.schedulers) {
      const isScaled = this.autoscaling.check(nowNs, scheduler, this.#ttftBudgetsNs);
      if (isScaled) this.#dispatchAt(nowNs, scheduler.pool);
    }
    this.#nextCheckNs = nowNs + this.platform.isolation.checkEveryNs;
    this.#effects.wakeAt(this.#nextCheckNs);
  }

  /**
   * A calendar day begins (numbered by the driver), to end at `endsAtNs`. `usedTokens`: what each tenant has used of it
   * already, after a restart.
   */
  startDay(day: number, endsAtNs: number, usedTokens?: readonly number[]): void {
    for (const { index, quota } of this.tenants) {
      quota.tokensPerDay.startPeriod(day, endsAtNs, usedTokens?.[index]);
    }
  }

  /** As startDay, for months and money. */
  startMonth(month: number, endsAtNs: number, spentNanoUsd?: readonly number[]): void {
    for (const { index, quota } of this.tenants) {
      quota.spendPerMonth.startPeriod(month, endsAtNs, spentNanoUsd?.[index]);
    }
  }

  /**
   * Replaces the platform while it runs: all of it, or nothing and the reason why not (reload.ts says what may change).
   * Requests in flight keep the tier and the limits they were admitted under.
   */
  reload(nowNs: number, next: PlatformConfig): { readonly refused: string } | undefined {
    const refused = reloadRefusal(this.platform, next);
    if (refused !== undefined) return { refused };
    const pools = this.platform.pools.map((pool, index) => Object.assign(pool, next.pools[index]));
    Object.assign(this.platform, next, { pools });
    this.#ttftBudgetsNs = ttftBudgetsNs(next);
    this.#tenants.update(next);
    this.ledger.reloaded();
    this.sla.reloaded();
    this.#isolation.reloaded();
    for (const scheduler of this.schedulers) scheduler.reloaded();
    for (const monitor of this.fairness) monitor.reloaded();
    for (const { pool } of this.schedulers) this.#dispatchAt(nowNs, pool);
    return undefined;
  }

  /**
   * Service charged here since the last call, by pool and tenant: what other engines of the same platform must absorb to keep
   * its weights together. Where the policy counts none, nothing.
   */
  takeServiceDeltas(): (readonly number[])[] {
    return this.schedulers.map(({ policy }) => policy.service?.takeUnshared() ?? []);
  }

  /** Another engine's service deltas: its tenants have had that much elsewhere. Changes who goes next, and nothing else. */
  absorbServiceDeltas(deltas: readonly (readonly number[])[]): void {
    for (const [pool, service] of deltas.entries()) {
      this.schedulers[pool]!.policy.service?.absorb(service);
    }
  }

  /** Charges what accrues without requests, up to now: idle time and adapters held. Call now and then, and at the end. */
  settleStanding(nowNs: number): void {
    for (const scheduler of this.schedulers) this.settlePool(nowNs, scheduler);
  }

  /** As settleStanding, for one pool: a simulated pool's account ends when it has nothing left to do. */
  settlePool(nowNs: number, { replicas }: PoolScheduler<Origin>): void {
    for (const replica of replicas) {
      const { owner } = replica.config;
      // Whoever pays for a replica that waits for work pays for its boot as well.
      const idleNs = replica.meter.idleUntil(nowNs) + replica.meter.bootUntil(nowNs);
      const unchargedNs = idleNs - this.#idleChargedNs[replica.index]!;
      this.#idleChargedNs[replica.index] = idleNs;
      if (owner !== undefined) {
        this.ledger.chargeIdle(nowNs, owner, { replica: replica.index, ns: unchargedNs });
      } else if (replica.config.idleCost === "spread") {
        const sharing = this.schedulers[replica.pool]!.servedTenants;
        this.ledger.spreadIdle(nowNs, sharing, { replica: replica.index, ns: unchargedNs });
      }
      for (const held of this.schedulers[replica.pool]!.adapterLoads.held(nowNs, replica)) {
        this.ledger.chargeAdapter(nowNs, held.tenant, held.heldNs);
      }
    }
  }

  joined(nowNs: number, replica: number, slot: number, cachedTokens: number): void {
    const view = this.replicas[replica]!;
    const request = this.#bound(replica, slot);
    const isRoomMade = view.joined(request, cachedTokens);
    if (Number.isNaN(request.joinedNs)) {
      request.joinedNs = nowNs;
      request.cachedTokens = cachedTokens;
      this.tenants[request.tenant]!.prefixHits.heard(request);
    }
    if (isRoomMade) this.#dispatchAt(nowNs, view.pool);
  }

  firstToken(nowNs: number, replica: number, slot: number): void {
    const view = this.replicas[replica]!;
    const request = this.#bound(replica, slot);
    view.prefilled(request);
    request.isPrefilled = true;
    request.firstStep = view.meter.steps;
    this.#memory.watch(nowNs, view, request);
    if (Number.isNaN(request.firstTokenNs)) {
      request.firstTokenNs = nowNs;
      this.fairness[request.pool]!.prompt(request);
      this.#isolation.firstToken(nowNs, request);
      this.#effects.firstToken(nowNs, request);
    }
    this.#dispatchAt(nowNs, view.pool);
  }

  left(nowNs: number, replica: number, departure: Departure): void {
    const view = this.replicas[replica]!;
    const request = this.#bound(replica, departure.slot);
    const { outputTokens } = departure;
    const who = { tenant: request.tenant, request: request.number, replica };
    const stay = splitStay(request, departure);
    request.gpuNanoUsd += this.ledger.chargeStay(nowNs, stay, who);
    request.recomputedTokens += recomputedTokens(request, stay);
    this.#memory.forget(nowNs, view, departure.slot);
    this.schedulers[request.pool]!.released(nowNs, request, outputTokens);
    this.#isolation.stayed(request, replica);
    if (departure.counted !== undefined) {
      request.promptTokens = departure.counted.promptTokens;
      request.cachedTokens = departure.counted.cachedTokens;
    }
    request.outputTokens += outputTokens;
    this.fairness[request.pool]!.delivered(request, outputTokens);
    if (departure.reason === "finished") this.#end(nowNs, request, "completed");
    else if (request.isCancelled) this.#end(nowNs, request, "cancelled");
    else if (departure.reason === "failed") this.#end(nowNs, request, "failed");
    else this.#requeue(nowNs, request, departure.reason === "replica-down");
    this.#lifecycle.settleDrain(nowNs, view);
    this.#dispatchAt(nowNs, view.pool);
  }

  pressure(nowNs: number, replica: number): void {
    const view = this.replicas[replica]!;
    this.schedulers[view.pool]!.relieve(nowNs, view);
  }

  boundary(nowNs: number, replica: number): void {
    const view = this.replicas[replica]!;
    this.#memory.enforce(nowNs, view, (request) =>
      this.schedulers[view.pool]!.evict(nowNs, request),
    );
  }

  adapterLoaded(nowNs: number, replica: number, adapter: number): void {
    const view = this.replicas[replica]!;
    const scheduler = this.schedulers[view.pool]!;
    scheduler.adapterLoads.loaded(nowNs, view, adapter);
    // Those who wanted it may have gone: then it is idle, and may make room for another.
    this.#dispatchAt(nowNs, view.pool);
  }

  adapterUnloaded(nowNs: number, replica: number, adapter: number): void {
    const view = this.replicas[replica]!;
    const scheduler = this.schedulers[view.pool]!;
    const held = scheduler.adapterLoads.unloaded(nowNs, view, adapter);
    this.ledger.chargeAdapter(nowNs, held.tenant, held.heldNs);
    this.#dispatchAt(nowNs, view.pool);
  }

  down(nowNs: number, replica: number, cause: string): void {
    const view = this.replicas[replica]!;
    this.#lifecycle.down(nowNs, view, cause);
    this.autoscaling.replace(nowNs, this.schedulers[view.pool]!);
    this.#dispatchAt(nowNs, view.pool);
  }

  up(nowNs: number, replica: number): void {
    const view = this.replicas[replica]!;
    this.#lifecycle.up(nowNs, view);
    this.#dispatchAt(nowNs, view.pool);
  }

  #requeue(nowNs: number, request: Request<Origin>, isCrash: boolean): void {
    if (isCrash) request.crashes += 1;
    else request.preemptions += 1;
    if (request.crashes > MAX_CRASHES) {
      this.#end(nowNs, request, "failed");
      return;
    }
    this.schedulers[request.pool]!.enqueue(request);
  }

  /** Settles everything a request holds, exactly once. */
  #end(nowNs: number, request: Request<Origin>, outcome: Outcome): void {
    assert(request.state !== "ended", "a request ended twice");
    request.state = "ended";
    this.#inFlight -= 1;
    const tenant = this.tenants[request.tenant]!;
    const hasOutput = request.outputTokens > 0;
    // What completes without output (an embedding) has had its prompt computed all the same.
    const isServed = hasOutput || outcome === "completed";
    const promptTokens = isServed ? request.promptTokens : 0;
    tenant.quota.settle(request, { promptTokens, outputTokens: request.outputTokens });
    if (isServed) {
      const who = { tenant: request.tenant, request: request.number };
      const cachedInput = Math.min(request.cachedTokens, promptTokens);
      const input = promptTokens - cachedInput;
      this.ledger.chargeTokens(nowNs, who, { input, cachedInput, output: request.outputTokens });
    }
    if (outcome === "completed") {
      if (hasOutput) tenant.quota.outputs.observe(request.outputTokens);
      this.sla.completed(nowNs, request);
      this.#isolation.completed(nowNs, request);
    }
    this.#effects.ended(nowNs, request, outcome);
  }

  #dispatch(nowNs: number, scheduler: PoolScheduler<Origin>): void {
    if (scheduler.backlogged.length > 0) scheduler.dispatch(nowNs);
  }

  /** Something changed on a replica of the pool: first its own requests, then those of pools that it is lent to. */
  #dispatchAt(nowNs: number, pool: number): void {
    const own = this.schedulers[pool]!;
    this.#dispatch(nowNs, own);
    if (!own.config.lend) return;
    for (const scheduler of this.schedulers)
      if (scheduler !== own) this.#dispatch(nowNs, scheduler);
  }

  #bound(replica: number, slot: number): Request<Origin> {
    const request = this.replicas[replica]!.bound[slot];
    assert(request !== undefined, "a notification about an empty slot");
    return request;
  }
}
