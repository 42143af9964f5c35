/**
 * One pool's scheduler: the waiting queues of its tenants, and the loop that binds their heads to replicas, the pool's own
 * and those that owners lend it. The policy says whose head goes next and who must leave; gates (tier caps, the tenant's
 * GPU memory, room on a replica) can pass a queue over for the round. Binding is late: a request waits here until a replica
 * can take it at its next boundary.
 */
import { assert } from "../base/assert.ts";
import { grownInts } from "../base/grow.ts";
import { AdapterLoads } from "./allocation/adapter-loads.ts";
import { LatencyForecast } from "./allocation/latency-forecast.ts";
import { type LoanTerms, lendersTo, loanTerms } from "./allocation/lending.ts";
import { Overtaking } from "./allocation/overtaking.ts";
import { type Gate, isWantOfRoom } from "./allocation/gates.ts";
import { type Placement, type PlacementNeeds, gateAt, place } from "./allocation/placement.ts";
import { pressureVictim } from "./allocation/pressure-victim.ts";
import type { ReplicaView } from "./allocation/replica-view.ts";
import { takersOf } from "./allocation/takers.ts";
import { tierCaps } from "./allocation/tier-caps.ts";
import { TenantQueue } from "./allocation/tenant-queue.ts";
import type { PlatformConfig, PolicyName, PoolConfig, TenantConfig } from "./config.ts";
import { DeliveredService } from "./delivered-service.ts";
import type { EngineEffects } from "./effects.ts";
import { MakingRoom } from "./making-room.ts";
import { Restraints } from "./isolation/restraints.ts";
import { createPolicy } from "./policy/create-policy.ts";
import type { Policy, PoolView } from "./policy/policy.ts";
import type { Request } from "./request.ts";
import { type AdapterOwner, type TenantState, isSharedByTenants } from "./tenant.ts";

export interface SchedulerParts<Origin> {
  readonly platform: PlatformConfig;
  readonly pool: number;
  readonly tenants: readonly TenantState[];
  readonly adapters: readonly AdapterOwner[];
  /** Those of every pool: some may be lent, and a tenant's bound on GPU memory spans them. */
  readonly allReplicas: readonly ReplicaView<Origin>[];
  readonly effects: EngineEffects<Origin>;
  /** Takes back a request that is bound, whoever's it is, but has not joined: it waits again. */
  recall(nowNs: number, request: Request<Origin>): void;
}

export class PoolScheduler<Origin> implements PoolView {
  readonly platform: PlatformConfig;
  /** Index of the pool. */
  readonly pool: number;
  readonly config: PoolConfig;
  policy: Policy;
  /** The pool's own. */
  readonly replicas: readonly ReplicaView<Origin>[];
  /** Those and the ones that other pools lend it. */
  usableReplicas: readonly ReplicaView<Origin>[] = [];
  servingReplicas = 0;
  readonly forecast: LatencyForecast;
  readonly adapterLoads: AdapterLoads<Origin>;
  /** What mitigation holds tenants to here. */
  readonly restraints = new Restraints();
  /** Tenants that may use the pool. */
  servedTenants: readonly number[] = [];
  readonly boundByTier: Int32Array;
  boundByTenant: Int32Array = new Int32Array(0);
  readonly #backlogged: TenantQueue<Origin>[] = [];
  readonly #queues: (TenantQueue<Origin> | undefined)[] = [];
  readonly #tenants: readonly TenantState[];
  readonly #allReplicas: readonly ReplicaView<Origin>[];
  readonly #effects: EngineEffects<Origin>;
  readonly #recall: SchedulerParts<Origin>["recall"];
  readonly #overtaking: Overtaking<Origin>;
  #tierCaps: readonly number[] = [];
  #loans: readonly (LoanTerms | undefined)[] = [];
  #policyName: PolicyName;
  readonly #makingRoom: MakingRoom<Origin>;
  /** Heads that found no room in the present round. */
  readonly #roomless: Request<Origin>[] = [];
  /** When queues were last looked at. */
  #lookedNs = 0;
  /** When its prompt is due if it is bound now. A server that composes its own steps goes on with what it has begun. */
  readonly #dueNs = (request: Request<unknown>): number =>
    this.config.resumable ? this.policy.prefillDueNs(request, this.#lookedNs) : Infinity;
  readonly #delivered: DeliveredService;

  constructor(parts: SchedulerParts<Origin>) {
    const { platform, pool, tenants } = parts;
    this.platform = platform;
    this.config = platform.pools[pool]!;
    this.policy = createPolicy(platform, this.config);
    this.#policyName = platform.policy.name;
    this.#allReplicas = parts.allReplicas;
    this.replicas = parts.allReplicas.filter((replica) => replica.pool === pool);
    this.forecast = new LatencyForecast(this.config);
    this.adapterLoads = new AdapterLoads(parts);
    this.boundByTier = new Int32Array(platform.tiers.length);
    this.#tenants = tenants;
    this.#effects = parts.effects;
    this.#recall = (nowNs, request) => parts.recall(nowNs, request);
    this.pool = pool;
    this.#makingRoom = new MakingRoom(this);
    this.#overtaking = new Overtaking(this.replicas, this.restraints, this.adapterLoads);
    this.#delivered = new DeliveredService(pool, parts.allReplicas.length);
    this.#takeOver();
  }

  /** The platform, the pool and the tenants have changed in place. */
  reloaded(): void {
    const { name } = this.platform.policy;
    if (name === this.#policyName) {
      this.policy.reloaded();
    } else {
      // Another policy knows nothing of the past: charges made under the old one must not be given back under it.
      this.policy = createPolicy(this.platform, this.config);
      this.#policyName = name;
      for (const request of this.bound()) request.chargedService = 0;
      for (const queue of this.#queues) queue?.reorder(this.policy);
      for (const queue of this.#backlogged) this.policy.activated(this, queue);
    }
    this.#takeOver();
  }

  /** What follows from the platform: who is served here, how much of it each tier may fill, who lends what. */
  #takeOver(): void {
    for (const [tenant, { config }] of this.#tenants.entries()) {
      const queue = this.#queues[tenant];
      if (queue !== undefined) queue.tier = config.tier;
      else this.#queues[tenant] = this.#newQueue(tenant, config);
    }
    this.servedTenants = [...this.#queues.keys()].filter((one) => this.#queues[one] !== undefined);
    this.boundByTenant = grownInts(this.boundByTenant, this.#tenants.length);
    this.#loans = this.platform.pools.map((pool) => loanTerms(this.platform, pool));
    const lenders = lendersTo(this.platform, this.config);
    const lent = this.#allReplicas.filter(({ pool }) => lenders.includes(pool));
    this.usableReplicas = [...this.replicas, ...lent];
    this.scaled();
  }

  /** The pool has more or fewer replicas that serve. */
  scaled(): void {
    this.servingReplicas = this.replicas.filter(({ life }) => life.state === "serving").length;
    this.#tierCaps = tierCaps(this.config, this.servingReplicas);
  }

  /** The tenant's queue; undefined where the pool does not serve it. */
  #newQueue(tenant: number, { tier, pools }: TenantConfig): TenantQueue<Origin> | undefined {
    if (!pools.includes(this.pool)) return undefined;
    return new TenantQueue<Origin>({ tenant, tier }, this.policy);
  }

  get backlogged(): readonly TenantQueue<Origin>[] {
    return this.#backlogged;
  }

  get queuedRequests(): number {
    return this.#backlogged.reduce((sum, { size }) => sum + size, 0);
  }

  queuedOf(tenant: number): number {
    return this.#queues[tenant]?.size ?? 0;
  }

  /** The request that goes next among the tenant's. */
  headOf(tenant: number): Request<Origin> | undefined {
    return this.#queues[tenant]?.head;
  }

  /** GPU time that the tenant's waiting requests will take at the pool's full batch, ns. */
  waitingNsOf(tenant: number): number {
    const queue = this.#queues[tenant];
    if (queue === undefined) return 0;
    const cachedShare = this.#tenants[tenant]!.prefixHits.rate;
    return this.forecast.waitingNs(queue, this.config.maxNumSeqs, cachedShare);
  }

  /** Requests that this scheduler has bound, wherever. */
  *bound(): Generator<Request<Origin>> {
    for (const { bound } of this.usableReplicas) {
      for (const request of bound) if (request?.pool === this.pool) yield request;
    }
  }

  /** Puts a request (new or returning) into its tenant's queue. */
  enqueue(request: Request<Origin>): void {
    const queue = this.#queues[request.tenant]!;
    request.state = "queued";
    queue.push(request);
    if (queue.size > 1) return;
    this.#backlogged.push(queue);
    if (this.#backlogged.length === 1) this.#markWanted(true);
    this.policy.activated(this, queue);
  }

  /** Takes a waiting request out of its queue: its caller has gone. */
  withdraw(request: Request<Origin>): void {
    const queue = this.#queues[request.tenant]!;
    queue.remove(request);
    if (queue.size === 0) this.#emptied(queue);
  }

  /** Binds waiting requests until every queue is empty or passed over. */
  dispatch(nowNs: number): void {
    if (this.#backlogged.length === 0) return;
    this.#lookedNs = nowNs;
    // Where several compete, service that went beyond its charge is charged before the next decision.
    if (this.#backlogged.length > 1) {
      this.#delivered.count(this.policy.service, this.usableReplicas);
    }
    for (const queue of this.#backlogged) queue.relegate(nowNs);
    this.#lookAtAll();
    for (;;) {
      const queue = this.#next(nowNs);
      if (queue === undefined) break;
      const request = queue.head!;
      const placement = this.#gated(request);
      if (placement.kind === "refused") {
        queue.isPassedOver = !this.#mayOthersPass(queue, placement.gate);
        if (this.#refused(nowNs, request, placement)) this.#lookAtAll();
        continue;
      }
      queue.takeHead();
      if (queue.size === 0) this.#emptied(queue);
      this.#bind(nowNs, request, placement);
      if (this.#overtaking.takeEnded() || isSharedByTenants(request.prefix)) this.#lookAtAll();
    }
    this.#forgetRoomless();
  }

  /** Whether a head waits that a replica could take now: never true between inputs. */
  get hasPlaceableHead(): boolean {
    return this.#backlogged.some((queue) =>
      queue.lookedAt().some((request) => this.#gated(request).kind === "placed"),
    );
  }

  /** What keeps the request from this one replica. */
  gateAt(request: Request<Origin>, replica: ReplicaView<Origin>): Gate | undefined {
    return gateAt(request, replica, this.#needsOf(request));
  }

  /** The replica is out of KV cache: one of those it holds must leave, a borrower before anybody of its own pool. */
  relieve(nowNs: number, replica: ReplicaView<Origin>): void {
    replica.pressureEvents += 1;
    this.evict(nowNs, pressureVictim(replica, this.policy));
  }

  /** The request must leave: at its replica's next boundary, or at once where it is not there yet. */
  evict(nowNs: number, request: Request<Origin>): void {
    if (request.state === "loading") {
      this.#recall(nowNs, request);
      return;
    }
    request.state = "evicting";
    this.#effects.evict(nowNs, request.replica, request.slot);
  }

  /** The request holds its slot no more; `outputTokens` are those of the stay. */
  released(nowNs: number, request: Request<Origin>, outputTokens: number): void {
    const replica = this.#allReplicas[request.replica]!;
    const tenant = this.#tenants[request.tenant]!;
    tenant.memory.giveBack(request.promisedBlocks * replica.config.blockBytes);
    replica.unbind(request, outputTokens);
    if (request.adapter !== undefined) {
      replica.adapters.unpin(nowNs, tenant.firstAdapter + request.adapter);
    }
    this.boundByTier[request.tier]! -= 1;
    this.boundByTenant[request.tenant]! -= 1;
    this.policy.service?.left(request, outputTokens);
    this.#makingRoom.left(request);
  }

  /** The replica takes no more: it went down, or is drained. */
  lost(replica: ReplicaView<Origin>): void {
    this.#overtaking.lost(replica);
  }

  /** Predicted wait of a request of `tier` that arrived now, ns: the work of its tier and those above, spread out. */
  predictedWaitNs(tier: number): number {
    let waitingNs = 0;
    for (const queue of this.#backlogged) {
      if (queue.tier <= tier) waitingNs += this.waitingNsOf(queue.tenant);
    }
    return waitingNs / takersOf(this);
  }

  #lookAtAll(): void {
    for (const queue of this.#backlogged) queue.lookAgain();
    this.#forgetRoomless();
  }

  /** Cutting an array that is empty already costs as much as binding a request. */
  #forgetRoomless(): void {
    if (this.#roomless.length > 0) this.#roomless.length = 0;
  }

  /** Whether others of the queue are to be tried though its head was refused. */
  #mayOthersPass(queue: TenantQueue<Origin>, gate: Gate): boolean {
    return gate === "adapter-memory" && queue.setAside(this.adapterLoads.isCold(queue.head!));
  }

  /** The policy's choice; where there is nothing to choose it is not asked. */
  #next(nowNs: number): TenantQueue<Origin> | undefined {
    if (this.#backlogged.length !== 1) {
      const tenant = this.policy.next(this, nowNs);
      return tenant === undefined ? undefined : this.#queues[tenant];
    }
    const only = this.#backlogged[0]!;
    return only.isPassedOver ? undefined : only;
  }

  #gated(request: Request<Origin>): Placement<Origin> {
    if (this.boundByTier[request.tier]! >= this.#tierCaps[request.tier]!) {
      return { kind: "refused", gate: "tier-cap" };
    }
    if (this.restraints.isAtCap(request.tenant, this.boundByTenant[request.tenant]!)) {
      return { kind: "refused", gate: "in-flight-cap" };
    }
    return place(request, this.usableReplicas, this.#needsOf(request));
  }

  #needsOf(request: Request<Origin>): PlacementNeeds {
    return {
      fence: this.restraints.fenceOf(request.tenant),
      adapter: this.adapterLoads.adapterOf(request),
      memory: this.#tenants[request.tenant]!.memory,
      loans: this.#loans,
      reservedSlots: this.policy.reservedSlots(this, request),
      dueNs: this.#dueNs,
    };
  }

  /**
   * What a refusal sets in motion: memory of its own made free, room made by others who leave. True when there may be room at
   * once, for it or for others.
   */
  #refused(
    nowNs: number,
    request: Request<Origin>,
    placement: Placement<Origin> & { kind: "refused" },
  ): boolean {
    const { gate } = placement;
    let isMade = false;
    if (isWantOfRoom(gate)) {
      isMade = this.#makingRoom.makeFor(nowNs, request, gate);
      // No hold is needed for a step: from now on nobody comes to go before it.
      if (gate === "prefill-budget") request.heldUpNs = Math.min(request.heldUpNs, nowNs);
      else this.#roomless.push(request);
      this.#overtaking.confine(request.tenant);
    } else {
      this.#overtaking.release(request.tenant);
      if (placement.gate === "tenant-memory") {
        isMade = this.adapterLoads.freeIdle(nowNs, request, placement.replica);
      }
    }
    return this.#overtaking.takeEnded() || isMade;
  }

  #bind(
    nowNs: number,
    request: Request<Origin>,
    placement: Placement<Origin> & { kind: "placed" },
  ): void {
    const { replica, blocks } = placement;
    const tenant = this.#tenants[request.tenant]!;
    request.prefillDueNs = replica.dueHereNs(request, this.#dueNs(request));
    request.boundNs = nowNs;
    request.heldUpNs = Infinity;
    replica.bind(request, blocks);
    tenant.memory.take(blocks * replica.config.blockBytes);
    this.boundByTier[request.tier]! += 1;
    this.boundByTenant[request.tenant]! += 1;
    this.policy.bound(request);
    for (const head of this.#roomless) this.#overtaking.overtaken(head, request, replica);
    this.#overtaking.bound(replica, request);
    if (request.adapter !== undefined && !this.adapterLoads.use(nowNs, request, replica)) {
      request.state = "loading";
      return;
    }
    request.state = "joining";
    this.#effects.join(nowNs, replica.index, request.slot, request);
  }

  #emptied(queue: TenantQueue<Origin>): void {
    const index = this.#backlogged.indexOf(queue);
    assert(index !== -1, "a queue that was not backlogged emptied");
    // Policies order queues totally, so their order here may change: the last takes the place.
    const last = this.#backlogged.pop()!;
    if (last !== queue) this.#backlogged[index] = last;
    if (this.#backlogged.length === 0) this.#markWanted(false);
    this.#overtaking.release(queue.tenant);
    this.policy.emptied(queue);
  }

  #markWanted(isWanted: boolean): void {
    if (!this.config.lend) return;
    for (const replica of this.replicas) replica.isWantedByOwner = isWanted;
  }
}
