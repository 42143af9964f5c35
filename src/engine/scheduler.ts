/**
 * One pool's scheduler: the waiting queues of its tenants, and the loop that binds their heads to replicas. The policy says
 * whose head goes next and who must leave; gates (tier caps, the tenant's GPU memory, room on a replica) can pass a
 * queue over for the round. Binding is late: a request waits here until a replica can take it at its next boundary.
 */
import { assert } from "../base/assert.ts";
import { grownInts } from "../base/grow.ts";
import { AdapterLoads } from "./allocation/adapter-loads.ts";
import { LatencyForecast, type Placement, place } from "./allocation/placement.ts";
import type { ReplicaView } from "./allocation/replica-view.ts";
import { TenantQueue } from "./allocation/tenant-queue.ts";
import type { PlatformConfig, PolicyName, PoolConfig, TenantConfig } from "./config.ts";
import type { EngineEffects } from "./effects.ts";
import { createPolicy } from "./policy/create-policy.ts";
import type { Policy, PoolView } from "./policy/policy.ts";
import type { Request } from "./request.ts";
import type { AdapterOwner, TenantState } from "./tenant.ts";

export interface SchedulerParts<Origin> {
  readonly platform: PlatformConfig;
  readonly pool: number;
  readonly tenants: readonly TenantState[];
  readonly adapters: readonly AdapterOwner[];
  readonly replicas: readonly ReplicaView<Origin>[];
  /** Those of every pool: a tenant's bound on GPU memory spans them. */
  readonly allReplicas: readonly ReplicaView<Origin>[];
  readonly effects: EngineEffects<Origin>;
}

export class PoolScheduler<Origin> implements PoolView {
  readonly platform: PlatformConfig;
  readonly config: PoolConfig;
  policy: Policy;
  readonly replicas: readonly ReplicaView<Origin>[];
  readonly forecast: LatencyForecast;
  readonly adapterLoads: AdapterLoads<Origin>;
  /** Tenants that may use the pool. */
  servedTenants: readonly number[] = [];
  readonly boundByTier: Int32Array;
  boundByTenant: Int32Array = new Int32Array(0);
  readonly #backlogged: TenantQueue<Origin>[] = [];
  readonly #queues: (TenantQueue<Origin> | undefined)[] = [];
  readonly #tenants: readonly TenantState[];
  readonly #pool: number;
  readonly #effects: EngineEffects<Origin>;
  #tierCaps: readonly number[] = [];
  #policyName: PolicyName;
  /** A head waits for this victim's place; until it has left, nobody else is pushed out. */
  #preempting: Request<Origin> | undefined;

  constructor(parts: SchedulerParts<Origin>) {
    const { platform, pool, tenants } = parts;
    this.platform = platform;
    this.config = platform.pools[pool]!;
    this.policy = createPolicy(platform, this.config);
    this.#policyName = platform.policy.name;
    this.replicas = parts.replicas;
    this.forecast = new LatencyForecast(this.config);
    this.adapterLoads = new AdapterLoads(parts);
    this.boundByTier = new Int32Array(platform.tiers.length);
    this.#tenants = tenants;
    this.#effects = parts.effects;
    this.#pool = pool;
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
      for (const replica of this.replicas) {
        for (const request of replica.bound) if (request !== undefined) request.chargedService = 0;
      }
      for (const queue of this.#backlogged) {
        queue.reorder();
        this.policy.activated(this, queue);
      }
    }
    this.#takeOver();
  }

  /** What follows from the platform: who is served here, and how much of it each tier may fill. */
  #takeOver(): void {
    for (const [tenant, { config }] of this.#tenants.entries()) {
      const queue = this.#queues[tenant];
      if (queue !== undefined) queue.tier = config.tier;
      else this.#queues[tenant] = this.#newQueue(tenant, config);
    }
    this.servedTenants = [...this.#queues.keys()].filter((one) => this.#queues[one] !== undefined);
    this.boundByTenant = grownInts(this.boundByTenant, this.#tenants.length);
    this.#tierCaps = tierCaps(this.config);
  }

  /** The tenant's queue; undefined where the pool does not serve it. */
  #newQueue(tenant: number, { tier, pools }: TenantConfig): TenantQueue<Origin> | undefined {
    if (!pools.includes(this.#pool)) return undefined;
    return new TenantQueue<Origin>({ tenant, tier, before: (a, b) => this.policy.before(a, b) });
  }

  get backlogged(): readonly TenantQueue<Origin>[] {
    return this.#backlogged;
  }

  get queuedRequests(): number {
    let queued = 0;
    for (const { size } of this.#backlogged) queued += size;
    return queued;
  }

  queuedOf(tenant: number): number {
    return this.#queues[tenant]?.size ?? 0;
  }

  /** Prompt and expected output tokens of the tenant's waiting requests. */
  waitingTokensOf(tenant: number): number {
    return this.#queues[tenant]?.waitingTokens ?? 0;
  }

  /** Puts a request (new or returning) into its tenant's queue. */
  enqueue(request: Request<Origin>): void {
    const queue = this.#queues[request.tenant]!;
    request.state = "queued";
    queue.push(request);
    if (queue.size > 1) return;
    this.#backlogged.push(queue);
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
    this.#lookAtAll();
    for (;;) {
      const queue = this.#next(nowNs);
      if (queue === undefined) return;
      const request = queue.head!;
      const placement = this.#gated(request);
      if (placement.kind === "refused") {
        const isRoomMade =
          placement.gate === "tenant-memory" &&
          this.adapterLoads.freeIdle(nowNs, request, placement.replica);
        if (isRoomMade) this.#lookAtAll();
        queue.isPassedOver = true;
        if (placement.gate === "slots" || placement.gate === "kv-cache")
          this.#preempt(nowNs, request);
        continue;
      }
      queue.takeHead();
      if (queue.size === 0) this.#emptied(queue);
      this.#bind(nowNs, request, placement);
    }
  }

  /** Whether a head waits that a replica could take now: never true between inputs. */
  get hasPlaceableHead(): boolean {
    return this.#backlogged.some(({ head }) => this.#gated(head!).kind === "placed");
  }

  /** The replica is out of KV cache: one of those it holds must leave. */
  relieve(nowNs: number, replica: ReplicaView<Origin>): void {
    replica.pressureEvents += 1;
    let victim: Request<Origin> | undefined;
    for (const request of replica.bound) {
      if (request?.state !== "running") continue;
      if (victim === undefined || this.policy.isVictimBefore(request, victim)) victim = request;
    }
    assert(victim !== undefined, "a replica without running requests is out of KV cache");
    this.evict(nowNs, victim);
  }

  evict(nowNs: number, request: Request<Origin>): void {
    request.state = "evicting";
    this.#effects.evict(nowNs, request.replica, request.slot);
  }

  /** The request holds its slot no more; `outputTokens` are those of the stay. */
  released(nowNs: number, request: Request<Origin>, outputTokens: number): void {
    const replica = this.#replicaOf(request);
    const tenant = this.#tenants[request.tenant]!;
    tenant.memory.giveBack(request.promisedBlocks * this.config.blockBytes);
    replica.unbind(request);
    if (request.adapter !== undefined) {
      replica.adapters.unpin(nowNs, tenant.firstAdapter + request.adapter);
    }
    this.boundByTier[request.tier]! -= 1;
    this.boundByTenant[request.tenant]! -= 1;
    this.policy.left(request, outputTokens);
    if (this.#preempting === request) this.#preempting = undefined;
  }

  /** Predicted wait of a request of `tier` that arrived now, ns: the work of its tier and those above, spread out. */
  predictedWaitNs(tier: number): number {
    let waitingNs = 0;
    let up = 0;
    for (const queue of this.#backlogged) {
      if (queue.tier > tier) continue;
      const head = queue.head!;
      const { promptTokens, predictedTokens } = head;
      const eachNs = this.forecast.serviceNs(promptTokens, predictedTokens, this.config.maxNumSeqs);
      waitingNs += (eachNs * queue.waitingTokens) / (promptTokens + predictedTokens);
    }
    for (const replica of this.replicas) if (replica.isUp) up += 1;
    return up === 0 ? Infinity : waitingNs / up;
  }

  #lookAtAll(): void {
    for (const queue of this.#backlogged) queue.isPassedOver = false;
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
    return place(request, this.replicas, {
      forecast: this.forecast,
      adapter: this.adapterLoads.adapterOf(request),
      memory: this.#tenants[request.tenant]!.memory,
    });
  }

  #bind(
    nowNs: number,
    request: Request<Origin>,
    placement: Placement<Origin> & { kind: "placed" },
  ): void {
    const { replica, blocks } = placement;
    const tenant = this.#tenants[request.tenant]!;
    replica.bind(request, blocks);
    tenant.memory.take(blocks * this.config.blockBytes);
    this.boundByTier[request.tier]! += 1;
    this.boundByTenant[request.tenant]! += 1;
    this.policy.bound(request);
    if (request.adapter !== undefined && !this.adapterLoads.use(nowNs, request, replica)) {
      request.state = "loading";
      return;
    }
    request.state = "joining";
    this.#effects.join(nowNs, replica.index, request.slot, request);
  }

  /** A head that is running out of time may take the place of someone over his share. */
  #preempt(nowNs: number, waiting: Request<Origin>): void {
    if (!this.config.resumable || this.#preempting !== undefined) return;
    if (!this.policy.isUrgent(this, nowNs, waiting)) return;
    const victim = this.#victimFor(waiting);
    if (victim === undefined) return;
    this.#preempting = victim;
    this.evict(nowNs, victim);
  }

  #victimFor(waiting: Request<Origin>): Request<Origin> | undefined {
    let best: Request<Origin> | undefined;
    for (const replica of this.replicas) {
      if (!replica.isUp) continue;
      for (const victim of replica.bound) {
        if (victim?.state !== "running") continue;
        if (best !== undefined && !this.policy.isVictimBefore(victim, best)) continue;
        if (this.policy.mayYield(this, { waiting, victim })) best = victim;
      }
    }
    return best;
  }

  #emptied(queue: TenantQueue<Origin>): void {
    const index = this.#backlogged.indexOf(queue);
    assert(index !== -1, "a queue that was not backlogged emptied");
    // Policies order queues totally, so their order here may change: the last takes the place.
    const last = this.#backlogged.pop()!;
    if (last !== queue) this.#backlogged[index] = last;
    this.policy.emptied(queue);
  }

  #replicaOf(request: Request<Origin>): ReplicaView<Origin> {
    return this.replicas[request.replica - this.replicas[0]!.index]!;
  }
}

/** Most requests of each tier that may be bound at once: all, unless shares are hard caps. However small, a share is a slot. */
function tierCaps(pool: PoolConfig): number[] {
  const slots = pool.maxNumSeqs * pool.replicas;
  return pool.tierShares.map((share) =>
    pool.borrowing || pool.owner !== undefined
      ? Infinity
      : Math.max(share > 0 ? 1 : 0, Math.floor(share * slots)),
  );
}
