/**
 * What mitigation holds a pool's tenants to: a cap on requests in flight, a fence around some replicas, a rate of admission.
 * Mitigation writes it at its checks; the scheduler's gates, placement and admission read it in between. It guarantees
 * what no mitigation may take: one request in flight, one replica, and a rate above zero.
 */
import { assert } from "../../base/assert.ts";
import { Gcra } from "../quota/gcra.ts";

/** What a throttled tenant may send at once: this long of its fair rate. Assumed: a second, as for request rates. */
const THROTTLE_BURST_S = 1;
/**
 * A replica within a fence is as good as this much farther away for those whom the fence protects: behind all others, and
 * not out of reach. Longer than any first token.
 */
const DETOUR_NS = 1e15;

/** How one tenant is held. */
export interface Restraint {
  /** Most requests bound to the pool's replicas. */
  readonly maxInFlight: number;
  /** The cap has come down to its share of what the pool runs at once. */
  readonly isToShare: boolean;
  /** The replicas it may use; undefined: all. */
  readonly replicas: ReadonlySet<number> | undefined;
  /** Seconds of a replica's time that it may ask for per second; undefined: no throttle. */
  readonly rate: number | undefined;
}

/** What a fence means to one tenant. */
export interface Fence {
  allows(replica: number): boolean;
  /** Added to the predicted time to the first token there, ns. */
  detourNs(replica: number): number;
}

interface Held {
  readonly restraint: Restraint;
  readonly throttle: Gcra | undefined;
  /** For whose sake. */
  readonly victims: ReadonlySet<number>;
}

export class Restraints {
  /** By tenant, as are the fences; asked several times for every request, and nearly always empty. */
  #held: (Held | undefined)[] = [];
  #fences: (Fence | undefined)[] = [];

  /** Holds the tenant from now on, for the sake of `victims`; a throttle that was on stays as full as it was. */
  hold(tenant: number, restraint: Restraint, victims: ReadonlySet<number>): void {
    const { maxInFlight, replicas, rate } = restraint;
    assert(maxInFlight >= 1, "a cap that starves");
    assert(replicas === undefined || replicas.size >= 1, "a fence around nothing");
    assert(rate === undefined || rate > 0, "a throttle that starves");
    const throttle = throttleAt(rate, this.#held[tenant]?.throttle);
    this.#held[tenant] = { restraint, throttle, victims };
    this.#buildFences();
  }

  /** Holds the tenant no more. */
  release(tenant: number): void {
    this.#held[tenant] = undefined;
    this.#buildFences();
  }

  /** How the tenant is held; undefined when it is free. */
  of(tenant: number): Restraint | undefined {
    return this.#held[tenant]?.restraint;
  }

  /** Whether a tenant with this many requests in flight must wait for one of them to end. */
  isAtCap(tenant: number, inFlight: number): boolean {
    return inFlight >= (this.of(tenant)?.maxInFlight ?? Infinity);
  }

  /** What the fences mean to the tenant; undefined: nothing. */
  fenceOf(tenant: number): Fence | undefined {
    return this.#fences[tenant];
  }

  /** How long the tenant must wait until its next request passes, ns; 0: it passes now. */
  throttledNs(nowNs: number, tenant: number): number {
    // Asking for nothing, so that a request of any length passes once those before it are paid for.
    return this.#held[tenant]?.throttle?.waitNs(nowNs, 0) ?? 0;
  }

  /** A request of the tenant was admitted that will take this long of a replica's time. */
  admitted(nowNs: number, tenant: number, serviceNs: number): void {
    this.#held[tenant]?.throttle?.take(nowNs, serviceNs);
  }

  /** A tenant that is fenced in itself has no say in who comes to it. */
  #buildFences(): void {
    const avoided: Set<number>[] = [];
    this.#fences = [];
    this.#held.forEach((held) => {
      for (const replica of held?.restraint.replicas ?? []) {
        for (const victim of held!.victims) (avoided[victim] ??= new Set()).add(replica);
      }
    });
    avoided.forEach((replicas, victim) => {
      this.#fences[victim] = keptFrom(replicas);
    });
    this.#held.forEach((held, tenant) => {
      const replicas = held?.restraint.replicas;
      if (replicas !== undefined) this.#fences[tenant] = within(replicas);
    });
  }
}

function within(replicas: ReadonlySet<number>): Fence {
  return { allows: (replica) => replicas.has(replica), detourNs: () => 0 };
}

function keptFrom(replicas: ReadonlySet<number>): Fence {
  return { allows: () => true, detourNs: (replica) => (replicas.has(replica) ? DETOUR_NS : 0) };
}

/** A limit of `rate` replicas' time, in ns of it; the same one at another rate where there was one. */
function throttleAt(rate: number | undefined, before: Gcra | undefined): Gcra | undefined {
  if (rate === undefined) return undefined;
  const nsPerS = rate * 1e9;
  if (before === undefined) return new Gcra(nsPerS, nsPerS * THROTTLE_BURST_S);
  before.setRate(nsPerS, nsPerS * THROTTLE_BURST_S);
  return before;
}
