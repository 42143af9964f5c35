/**
 * Keeps large requests from starving. A head that finds no room may be overtaken by others that do, a bounded number of
 * times; after that one replica takes no newcomers but those of its tenant, until that head has got its room there or
 * elsewhere. One such hold per pool at a time: holds are served one after the other, so each of them ends.
 */
import type { Fence, Restraints } from "../isolation/restraints.ts";
import type { Request } from "../request.ts";
import type { ReplicaView } from "./replica-view.ts";

/**
 * Times that a head may be overtaken for want of room. Assumed: fewer keep order more strictly, more keep replicas fuller.
 * It bounds how far service can stray from the policy's order: that many requests for each that needs a hold.
 */
export const MOST_OVERTAKEN = 16;

export class Overtaking<Origin> {
  readonly #replicas: readonly ReplicaView<Origin>[];
  readonly #restraints: Restraints;
  #held: ReplicaView<Origin> | undefined;
  #hasEnded = false;

  /** `replicas`: the pool's own. */
  constructor(replicas: readonly ReplicaView<Origin>[], restraints: Restraints) {
    this.#replicas = replicas;
    this.#restraints = restraints;
  }

  /** Another request was bound while this head found no room. */
  overtaken(head: Request<Origin>): void {
    head.timesOvertaken += 1;
    if (head.timesOvertaken < MOST_OVERTAKEN || this.#held !== undefined) return;
    const held = this.#roomiest(this.#restraints.fenceOf(head.tenant));
    if (held === undefined) return;
    held.heldForTenant = head.tenant;
    this.#held = held;
  }

  /** A request of the tenant was bound to the replica. */
  bound(replica: ReplicaView<Origin>, tenant: number): void {
    if (this.#held === replica) this.release(tenant);
  }

  /** The tenant needs no hold any more: nothing of it waits, or what it waits for is not room. */
  release(tenant: number): void {
    if (this.#held?.heldForTenant !== tenant) return;
    this.#held.heldForTenant = undefined;
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
    if (this.#held === replica) this.release(replica.heldForTenant!);
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
