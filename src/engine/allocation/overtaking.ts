/**
 * Keeps requests from starving that need much. A head that finds no room may be overtaken by others that do, a bounded number of
 * times; after that one replica takes no newcomers that stand in its way, until it has got its room there or elsewhere: none
 * but those of its tenant, or, where what it lacks is memory for its adapter, none that need another adapter. One such
 * hold per pool at a time: holds are served one after the other, so each of them ends.
 */
import type { Fence, Restraints } from "../isolation/restraints.ts";
import type { Request } from "../request.ts";
import type { AdapterLoads } from "./adapter-loads.ts";
import type { ReplicaView } from "./replica-view.ts";

/**
 * Times that a head may be overtaken for want of room. Assumed: fewer keep order more strictly, more keep replicas fuller.
 * It bounds how far service can stray from the policy's order: that many requests for each that needs a hold.
 */
export const MOST_OVERTAKEN = 16;

/** For whom a replica is kept. */
export interface Hold {
  readonly tenant: number;
  /** Among the tenant's: only its memory is kept. */
  readonly adapter: number | undefined;
}

/** Whether the request may not come to a replica that is kept so. */
export function keepsOut({ tenant, adapter }: Hold, request: Request<unknown>): boolean {
  if (adapter === undefined) return request.tenant !== tenant;
  if (request.adapter === undefined) return false;
  return request.tenant !== tenant || request.adapter !== adapter;
}

export class Overtaking<Origin> {
  readonly #replicas: readonly ReplicaView<Origin>[];
  readonly #restraints: Restraints;
  readonly #loads: AdapterLoads<Origin>;
  #held: ReplicaView<Origin> | undefined;
  #hasEnded = false;

  /** `replicas`: the pool's own. */
  constructor(
    replicas: readonly ReplicaView<Origin>[],
    restraints: Restraints,
    loads: AdapterLoads<Origin>,
  ) {
    this.#replicas = replicas;
    this.#restraints = restraints;
    this.#loads = loads;
  }

  /** `newcomer` was bound to the replica while this head found no room. */
  overtaken(head: Request<Origin>, newcomer: Request<Origin>, replica: ReplicaView<Origin>): void {
    // What needs no adapter takes nothing from a head that only lacks memory for its own there.
    const isHarmless = head.adapter !== undefined && newcomer.adapter === undefined;
    if (isHarmless && !this.#loads.hasRoom(head, replica)) return;
    head.timesOvertaken += 1;
    if (head.timesOvertaken < MOST_OVERTAKEN) return;
    if (this.#held === undefined) this.#hold(head);
    else if (this.#isHeldFor(head) && this.#loads.hasRoom(head, this.#held)) {
      // There is memory for its adapter by now, and something else that it lacks.
      this.#held.hold = { tenant: head.tenant, adapter: undefined };
    }
  }

  /** A request was bound to the replica. */
  bound(replica: ReplicaView<Origin>, request: Request<Origin>): void {
    const hold = this.#held?.hold;
    if (hold === undefined || request.tenant !== hold.tenant) return;
    const isIts =
      hold.adapter === undefined ? this.#held === replica : request.adapter === hold.adapter;
    if (isIts) this.release(hold.tenant);
  }

  /** The tenant needs no hold any more: nothing of it waits, or what it waits for is not room. */
  release(tenant: number): void {
    if (this.#held?.hold?.tenant !== tenant) return;
    this.#held.hold = undefined;
    this.#held = undefined;
    this.#hasEnded = true;
  }

  /** Lets go of a hold where the tenant may not go any more: it would keep others out for nothing. */
  confine(tenant: number): void {
    const held = this.#held;
    if (held === undefined) return;
    if (this.#restraints.fenceOf(tenant)?.allows(held.index) === false) this.release(tenant);
  }

  /** Whether a hold has ended since this was last asked: whoever was kept out by it must be looked at again. */
  takeEnded(): boolean {
    const hasEnded = this.#hasEnded;
    this.#hasEnded = false;
    return hasEnded;
  }

  /** The replica went down or is drained: nothing can be held on it. */
  lost(replica: ReplicaView<Origin>): void {
    if (this.#held === replica) this.release(replica.hold!.tenant);
  }

  #hold(head: Request<Origin>): void {
    const { tenant, adapter } = head;
    const held = this.#roomiest(this.#restraints.fenceOf(tenant));
    if (held === undefined) return;
    held.hold = { tenant, adapter: this.#loads.hasRoom(head, held) ? undefined : adapter };
    this.#held = held;
  }

  #isHeldFor({ tenant, adapter }: Request<Origin>): boolean {
    const hold = this.#held?.hold;
    return hold?.adapter !== undefined && hold.tenant === tenant && hold.adapter === adapter;
  }

  /** The replica with most KV cache not spoken for: where room will have come about soonest. */
  #roomiest(fence: Fence | undefined): ReplicaView<Origin> | undefined {
    let best: ReplicaView<Origin> | undefined;
    for (const replica of this.#replicas) {
      if (!replica.isOpen || fence?.allows(replica.index) === false) continue;
      if (best === undefined || replica.promisedBlocks < best.promisedBlocks) best = replica;
    }
    return best;
  }
}
