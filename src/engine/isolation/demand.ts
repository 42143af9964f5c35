/**
 * Who asks for how much of what, against his share: GPU time asked of each pool lately, by the forecast that admission goes by,
 * and the replicas on which a tenant ran or waits. Shares are the tiers' guarantees, divided by weight within a tier, among those
 * who ask at all, for nobody can be kept from what nobody else wants. Two tenants are neighbours only where they lately used the same replica. Judges nobody;
 * noisy-neighbour.ts does.
 */
import { grownFloats } from "../../base/grow.ts";
import type { ReplicaView } from "../allocation/replica-view.ts";
import type { PlatformConfig } from "../config.ts";
import type { DemandShare } from "../effects.ts";
import { guaranteedShares } from "../policy/guarantees.ts";
import type { PoolScheduler } from "../scheduler.ts";

/** Share of the long-run demand that the newest check does not replace. Assumed: ten checks of memory. */
const DEMAND_MEMORY = 0.9;
/** Checks for which having run on a replica counts as using it: as long as the demand is remembered. */
const REPLICA_MEMORY_CHECKS = 10;
/** A tenant that asks for this many times its share between two checks bursts, whatever it usually asks for. Assumed. */
const BURST = 2;
/** Less GPU time than this lately is the tail of a fading memory: a single token takes longer. */
const LEAST_DEMAND_NS = 1000;

export class Demand<Origin> {
  readonly #platform: PlatformConfig;
  readonly #schedulers: readonly PoolScheduler<Origin>[];
  /** GPU time asked for since the last check, ns, and its long-run mean per check; by pool, then tenant. */
  #asked: Float64Array[];
  #usual: Float64Array[];
  /** GPU time asked, and by tier the weights of those who ask, by pool; as of the present check. */
  readonly #totals: { askedNs: number; weights: number[] }[];
  /** What each tier is guaranteed, by pool. */
  #guarantees: readonly (readonly number[])[];
  /** By tenant, then replica: the check before which its last stay there ended; none before its first stay. */
  readonly #lastStays: (Float64Array | undefined)[] = [];
  readonly #replicas: number;
  #check = 0;
  #checkedNs = 0;
  /** Time between the last check and the present one. */
  #elapsedNs = 0;

  constructor(platform: PlatformConfig, schedulers: readonly PoolScheduler<Origin>[]) {
    this.#platform = platform;
    this.#schedulers = schedulers;
    this.#replicas = schedulers.reduce((sum, { replicas }) => sum + replicas.length, 0);
    this.#asked = platform.pools.map(() => new Float64Array(platform.tenants.length));
    this.#usual = platform.pools.map(() => new Float64Array(platform.tenants.length));
    this.#totals = platform.pools.map(() => ({ askedNs: 0, weights: [] }));
    this.#guarantees = platform.pools.map((pool) => guaranteedShares(platform, pool));
  }

  /** The platform has changed in place and may have more tenants. */
  reloaded(): void {
    this.#guarantees = this.#platform.pools.map((pool) => guaranteedShares(this.#platform, pool));
    const { length } = this.#platform.tenants;
    this.#asked = this.#asked.map((times) => grownFloats(times, length));
    this.#usual = this.#usual.map((times) => grownFloats(times, length));
  }

  /** A request arrived that asks for this much GPU time, and was admitted or refused for want of room. */
  asked(pool: number, tenant: number, serviceNs: number): void {
    this.#asked[pool]![tenant]! += serviceNs;
  }

  /** A stay on the replica ended. */
  stayed(tenant: number, replica: number): void {
    const stays = (this.#lastStays[tenant] ??= new Float64Array(this.#replicas).fill(-Infinity));
    stays[replica] = this.#check;
  }

  /** A check begins: adds up what is asked of each pool. */
  begin(nowNs: number): void {
    this.#elapsedNs = nowNs - this.#checkedNs;
    this.#checkedNs = nowNs;
    for (const [pool, total] of this.#totals.entries()) {
      total.askedNs = 0;
      total.weights = this.#platform.tiers.map(() => 0);
      for (let tenant = 0; tenant < this.#platform.tenants.length; tenant++) {
        const demandNs = this.#demandNs(pool, tenant);
        if (demandNs < LEAST_DEMAND_NS) continue;
        total.askedNs += demandNs;
        const { tier, weight } = this.#platform.tenants[tenant]!;
        total.weights[tier]! += weight;
      }
    }
  }

  /** The check is over: what was asked since the last one becomes part of the usual. */
  end(): void {
    this.#check += 1;
    for (const [pool, asked] of this.#asked.entries()) {
      const usual = this.#usual[pool]!;
      for (let tenant = 0; tenant < asked.length; tenant++) {
        usual[tenant] = DEMAND_MEMORY * usual[tenant]! + (1 - DEMAND_MEMORY) * asked[tenant]!;
        asked[tenant] = 0;
      }
    }
  }

  /** The tenant's part of what is asked of the pool, and the part due to it among those who ask. */
  share(pool: number, tenant: number): DemandShare {
    const { askedNs, weights } = this.#totals[pool]!;
    const { tier, weight } = this.#platform.tenants[tenant]!;
    const ownNs = this.#demandNs(pool, tenant);
    const tierWeight = weights[tier]! + (ownNs < LEAST_DEMAND_NS ? weight : 0);
    let asking = 0;
    for (const [other, share] of this.#guarantees[pool]!.entries()) {
      if (other === tier || weights[other]! > 0) asking += share;
    }
    const tierShare = this.#guarantees[pool]![tier]! / asking;
    return {
      asked: askedNs === 0 ? 0 : ownNs / askedNs,
      due: (tierShare * weight) / tierWeight,
    };
  }

  /**
   * Whether the tenant asks for more than its share: of all that is asked, and of what the pool has. Nobody is over his share
   * while the pool has room for everyone, nor by asking for most where all ask for little.
   */
  isOverShare(pool: number, tenant: number): boolean {
    const { asked, due } = this.share(pool, tenant);
    const lately = Math.max(this.#asked[pool]![tenant]!, this.#usual[pool]![tenant]!);
    return asked > due && lately + this.#waitingNs(pool, tenant) > due * this.#supplyNs(pool);
  }

  /** Whether what the tenant sends is within its share; how long it is made to wait is not its doing, and left out. */
  isWithinShare(pool: number, tenant: number): boolean {
    const { asked, due } = this.share(pool, tenant);
    const newNs = this.#asked[pool]![tenant]!;
    const meanNs = DEMAND_MEMORY * this.#usual[pool]![tenant]! + (1 - DEMAND_MEMORY) * newNs;
    const dueNs = due * this.#supplyNs(pool);
    return asked <= due && meanNs <= dueNs && newNs <= BURST * dueNs;
  }

  /**
   * Whether as much of what runs is the tenant's as is due to it, by the GPU time that it takes: then it waits behind its own
   * requests, and not behind others'.
   */
  hasItsDue(pool: number, tenant: number): boolean {
    const scheduler = this.#schedulers[pool]!;
    let runningNs = 0;
    let ownNs = 0;
    for (const request of scheduler.bound()) {
      const { promptTokens, predictedTokens } = request;
      const { maxNumSeqs } = scheduler.config;
      const serviceNs = scheduler.forecast.serviceNs(promptTokens, predictedTokens, maxNumSeqs);
      runningNs += serviceNs;
      if (request.tenant === tenant) ownNs += serviceNs;
    }
    return runningNs > 0 && ownNs >= this.share(pool, tenant).due * runningNs;
  }

  /** GPU time by which what it asked for since the last check is above its usual. */
  growth(pool: number, tenant: number): number {
    return this.#asked[pool]![tenant]! - this.#usual[pool]![tenant]!;
  }

  /** Whether the tenant wants anything of the pool now: asked since the last check, waits, or runs. */
  isPresent(pool: number, tenant: number): boolean {
    const { boundByTenant } = this.#schedulers[pool]!;
    if (this.#asked[pool]![tenant]! > 0 || boundByTenant[tenant]! > 0) return true;
    return this.#schedulers[pool]!.queuedOf(tenant) > 0;
  }

  /** Whether both lately ran on, or wait for, one and the same replica of the pool. */
  areNeighbours(pool: number, a: number, b: number): boolean {
    const scheduler = this.#schedulers[pool]!;
    return scheduler.usableReplicas.some(
      (replica) => this.#uses(scheduler, replica, a) && this.#uses(scheduler, replica, b),
    );
  }

  /** What it asked for lately, and what it still waits for: a burst weighs until it has been worked off. */
  #demandNs(pool: number, tenant: number): number {
    const lately = this.#asked[pool]![tenant]! + this.#usual[pool]![tenant]!;
    return lately + this.#waitingNs(pool, tenant);
  }

  #waitingNs(pool: number, tenant: number): number {
    return this.#schedulers[pool]!.waitingNsOf(tenant);
  }

  /** GPU time that the pool had between the last check and this one. */
  #supplyNs(pool: number): number {
    const { replicas } = this.#schedulers[pool]!;
    return this.#elapsedNs * replicas.filter(({ isUp }) => isUp).length;
  }

  #uses(scheduler: PoolScheduler<Origin>, replica: ReplicaView<Origin>, tenant: number): boolean {
    const last = this.#lastStays[tenant]?.[replica.index] ?? -Infinity;
    if (this.#check - last < REPLICA_MEMORY_CHECKS) return true;
    const mayEnter = scheduler.restraints.fenceOf(tenant)?.allows(replica.index) ?? true;
    if (mayEnter && scheduler.queuedOf(tenant) > 0) return true;
    return replica.bound.some((request) => request?.tenant === tenant);
  }
}
