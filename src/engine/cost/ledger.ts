/**
 * Who owes what, in integer nano-dollars. Every charge is an entry handed to the driver and added to its tenant's totals;
 * a bill is a sum of entries. GPU time is charged in whole nanoseconds: what rounding leaves of one stay is carried to
 * its replica's next charge, and GPU money is the difference of two roundings of a running total, so that nothing is
 * created or lost however many charges there are.
 */
import { assert } from "../../base/assert.ts";
import { grownFloats } from "../../base/grow.ts";
import type { PlatformConfig, PoolConfig } from "../config.ts";
import { CHARGE_KINDS, type Charge, type ChargeKind } from "./charge.ts";

const NS_PER_HOUR = 3_600_000_000_000;

/** GPU time of one replica, in nanoseconds of the replica (all its GPUs run together). */
interface ReplicaAccount {
  /** Charged to tenants and to the platform so far; whole. */
  chargedNs: number;
  /** The platform's part: recomputation after evictions and crashes. */
  overheadNs: number;
  /** The part charged to tenants other than the replica's owner. */
  lentNs: number;
  /** Measured but not yet charged because of rounding; between -1 and 1. */
  carryNs: number;
  /** Money charged so far: the rounding of chargedNs times the price. */
  chargedNanoUsd: number;
  overheadNanoUsd: number;
}

/** GPU time of a stay, by who pays. */
export interface StayTime {
  readonly tenantPs: number;
  /** Recomputed or useless work, which nobody is billed for. */
  readonly overheadPs: number;
  readonly batchSharePs: number;
}

export class Ledger {
  readonly #platform: PlatformConfig;
  readonly #charged: (nowNs: number, charge: Charge) => void;
  readonly #replicas: ReplicaAccount[];
  readonly #nanoUsdPerNs: number[];
  readonly #owners: (number | undefined)[];
  /** Per tenant and kind. */
  #amounts: Float64Array;
  #quantities: Float64Array;
  #batchShareNanoUsd: Float64Array;
  readonly #charge: Charge = {
    tenant: 0,
    request: undefined,
    kind: "gpu",
    quantity: 0,
    amountNanoUsd: 0,
  };

  /** `poolOf` gives the pool of every replica. */
  constructor(
    platform: PlatformConfig,
    poolOf: readonly PoolConfig[],
    charged: (nowNs: number, charge: Charge) => void,
  ) {
    this.#platform = platform;
    this.#charged = charged;
    this.#replicas = poolOf.map(() => ({
      chargedNs: 0,
      overheadNs: 0,
      lentNs: 0,
      carryNs: 0,
      chargedNanoUsd: 0,
      overheadNanoUsd: 0,
    }));
    this.#nanoUsdPerNs = poolOf.map(replicaNanoUsdPerNs);
    this.#owners = poolOf.map(({ owner }) => owner);
    this.#amounts = new Float64Array(platform.tenants.length * CHARGE_KINDS.length);
    this.#quantities = new Float64Array(platform.tenants.length * CHARGE_KINDS.length);
    this.#batchShareNanoUsd = new Float64Array(platform.tenants.length);
  }

  /** The platform has changed in place and may have more tenants. */
  reloaded(): void {
    const tenants = this.#platform.tenants.length;
    this.#amounts = grownFloats(this.#amounts, tenants * CHARGE_KINDS.length);
    this.#quantities = grownFloats(this.#quantities, tenants * CHARGE_KINDS.length);
    this.#batchShareNanoUsd = grownFloats(this.#batchShareNanoUsd, tenants);
  }

  /** Charges a stay's GPU time to its tenant, and what must not be billed to the platform; returns the tenant's part. */
  chargeStay(
    nowNs: number,
    stay: StayTime,
    who: { tenant: number; request: number; replica: number },
  ): number {
    const account = this.#replicas[who.replica]!;
    const tenantNs = takeWholeNs(account, stay.tenantPs);
    const amount = this.#advance(account, who.replica, tenantNs);
    this.#payer(who.tenant, who.request);
    this.#post(nowNs, "gpu", tenantNs, amount);
    this.#batchShareNanoUsd[who.tenant]! +=
      (stay.batchSharePs / 1000) * this.#nanoUsdPerNs[who.replica]!;
    const owner = this.#owners[who.replica];
    if (owner !== undefined && owner !== who.tenant) {
      account.lentNs += tenantNs;
      this.#payer(owner, undefined);
      this.#post(nowNs, "lent", tenantNs, 0);
    }
    if (stay.overheadPs > 0) {
      const overheadNs = takeWholeNs(account, stay.overheadPs);
      account.overheadNs += overheadNs;
      account.overheadNanoUsd += this.#advance(account, who.replica, overheadNs);
    }
    return amount;
  }

  /** Charges the tokens of a request that has ended. */
  chargeTokens(
    nowNs: number,
    who: { tenant: number; request: number },
    tokens: { input: number; cachedInput: number; output: number },
  ): void {
    const { prices } = this.#platform;
    this.#payer(who.tenant, who.request);
    this.#post(nowNs, "input", tokens.input, tokens.input * prices.inputTokenNanoUsd);
    if (tokens.cachedInput > 0) {
      const cachedNanoUsd = tokens.cachedInput * prices.cachedInputTokenNanoUsd;
      this.#post(nowNs, "cached-input", tokens.cachedInput, cachedNanoUsd);
    }
    this.#post(nowNs, "output", tokens.output, tokens.output * prices.outputTokenNanoUsd);
  }

  /** Charges the time an adapter was held on one replica. */
  chargeAdapter(nowNs: number, tenant: number, heldNs: number): void {
    const amount = (heldNs / NS_PER_HOUR) * this.#platform.prices.adapterHourNanoUsd;
    this.#payer(tenant, undefined);
    this.#post(nowNs, "adapter", heldNs, amount);
  }

  /** Charges idle GPU time of a replica (replica-nanoseconds) to a tenant. */
  chargeIdle(nowNs: number, tenant: number, idle: { replica: number; ns: number }): void {
    const amount = idle.ns * this.#nanoUsdPerNs[idle.replica]!;
    this.#payer(tenant, undefined);
    this.#post(nowNs, "idle", idle.ns, amount);
  }

  /**
   * Spreads idle GPU time of a shared replica over `tenants` by the GPU time they were charged so far; where they have
   * used none, it stays with the platform.
   */
  spreadIdle(
    nowNs: number,
    tenants: readonly number[],
    idle: { readonly replica: number; readonly ns: number },
  ): void {
    const { replica } = idle;
    let usedNs = tenants.reduce((sum, tenant) => sum + this.quantity(tenant, "gpu"), 0);
    let leftNs = idle.ns;
    for (const tenant of tenants) {
      const used = this.quantity(tenant, "gpu");
      if (used === 0) continue;
      const ns = Math.round((leftNs * used) / usedNs);
      this.chargeIdle(nowNs, tenant, { replica, ns });
      leftNs -= ns;
      usedNs -= used;
    }
  }

  /** A tenant's total of one kind, nano-dollars. */
  amount(tenant: number, kind: ChargeKind): number {
    return this.#amounts[this.#index(tenant, kind)]!;
  }

  quantity(tenant: number, kind: ChargeKind): number {
    return this.#quantities[this.#index(tenant, kind)]!;
  }

  /** What the tenant's GPU time would cost by the 1/batch-size rule, nano-dollars. */
  batchShareNanoUsd(tenant: number): number {
    return Math.round(this.#batchShareNanoUsd[tenant]!);
  }

  /** What the GPU time that others used of the tenant's own replicas cost them, nano-dollars: what it was spared. */
  lentNanoUsd(tenant: number): number {
    return this.#replicas.reduce((sum, { lentNs }, replica) => {
      const isOwners = this.#owners[replica] === tenant;
      return isOwners ? sum + Math.round(lentNs * this.#nanoUsdPerNs[replica]!) : sum;
    }, 0);
  }

  replicaAccount(replica: number): Readonly<ReplicaAccount> {
    return this.#replicas[replica]!;
  }

  /** Price of one nanosecond of the replica, all its GPUs together. */
  nanoUsdPerNs(replica: number): number {
    return this.#nanoUsdPerNs[replica]!;
  }

  /** Adds charged time to a replica's account; returns what the addition costs. */
  #advance(account: ReplicaAccount, replica: number, ns: number): number {
    const before = account.chargedNanoUsd;
    account.chargedNs += ns;
    account.chargedNanoUsd = Math.round(account.chargedNs * this.#nanoUsdPerNs[replica]!);
    assert(Number.isSafeInteger(account.chargedNs), "GPU time beyond exact integers");
    return account.chargedNanoUsd - before;
  }

  #index(tenant: number, kind: ChargeKind): number {
    return tenant * CHARGE_KINDS.length + CHARGE_KINDS.indexOf(kind);
  }

  /** Posts an entry for the payer named in the reused record. */
  #post(nowNs: number, kind: ChargeKind, quantity: number, amount: number): void {
    const charge = this.#charge;
    charge.kind = kind;
    charge.quantity = quantity;
    charge.amountNanoUsd = Math.round(amount);
    const index = this.#index(charge.tenant, kind);
    this.#amounts[index]! += charge.amountNanoUsd;
    this.#quantities[index]! += quantity;
    assert(Number.isSafeInteger(this.#amounts[index]!), "a bill beyond exact integers");
    this.#charged(nowNs, charge);
  }

  #payer(tenant: number, request: number | undefined): void {
    this.#charge.tenant = tenant;
    this.#charge.request = request;
  }
}

/** Price of one nanosecond of all the GPUs of a replica. */
function replicaNanoUsdPerNs(pool: PoolConfig): number {
  return (pool.gpuHourNanoUsd * pool.gpusPerReplica) / NS_PER_HOUR;
}

/** Rounds a stay's time to whole nanoseconds; the rest is carried to the replica's next charge. */
function takeWholeNs(account: ReplicaAccount, ps: number): number {
  const exactNs = ps / 1000 + account.carryNs;
  const ns = Math.round(exactNs);
  account.carryNs = exactNs - ns;
  return ns;
}
