/**
 * What a head's refusal sets in motion so that it finds room later: borrowers called in where its pool is lent, a victim pushed
 * out where the policy allows one. Who may be a victim is the policy's and lending's; this file carries it out, one
 * victim at a time.
 */
import { type LentReplica, toCallIn } from "./allocation/calling-in.ts";
import type { Gate } from "./allocation/gates.ts";
import type { ReplicaView } from "./allocation/replica-view.ts";
import type { TenantQueue } from "./allocation/tenant-queue.ts";
import type { Request } from "./request.ts";
import type { PoolScheduler } from "./scheduler.ts";

export class MakingRoom<Origin> {
  readonly #scheduler: PoolScheduler<Origin>;
  /** A head waits for this victim's place; until it has left, nobody else is pushed out. */
  #victim: Request<Origin> | undefined;

  constructor(scheduler: PoolScheduler<Origin>) {
    this.#scheduler = scheduler;
  }

  /** True when somebody has left at once. */
  makeFor(nowNs: number, waiting: Request<Origin>, gate: Gate): boolean {
    const isMade = this.#scheduler.config.lend && this.#callIn(nowNs, waiting);
    if (isFull(gate) || gate === "adapter-memory") this.#pushOut(nowNs, waiting);
    return isMade;
  }

  /** The request holds its place no more. */
  left(request: Request<Origin>): void {
    if (this.#victim === request) this.#victim = undefined;
  }

  /** The owner's requests wait: borrowers make room for all of them. */
  #callIn(nowNs: number, waiting: Request<Origin>): boolean {
    const { config, replicas, backlogged, adapterLoads } = this.#scheduler;
    const lent: LentReplica<Origin>[] = [];
    for (const replica of replicas) {
      // What leaves a replica that takes nobody new makes no room.
      if (replica.borrowerCount === 0 || !replica.isOpen) continue;
      lent.push({ replica, gate: this.#scheduler.gateAt(waiting, replica) });
    }
    if (lent.length === 0) return false;
    const wanted = {
      ...wantedBy(backlogged, config.blockTokens),
      adapter: adapterLoads.adapterOf(waiting),
    };
    let isMade = false;
    for (const borrower of toCallIn(nowNs, lent, wanted, adapterLoads)) {
      if (borrower.state === "loading") isMade = true;
      this.#scheduler.evict(nowNs, borrower);
    }
    return isMade;
  }

  #pushOut(nowNs: number, waiting: Request<Origin>): void {
    const { policy, config } = this.#scheduler;
    if (!config.resumable || this.#victim !== undefined) return;
    if (!policy.isUrgent(this.#scheduler, nowNs, waiting)) return;
    const full = this.#scheduler.replicas.filter((replica) =>
      isFull(this.#scheduler.gateAt(waiting, replica)),
    );
    this.#victim = this.#victimOn(full, nowNs, waiting);
    if (this.#victim !== undefined) this.#scheduler.evict(nowNs, this.#victim);
  }

  #victimOn(
    replicas: readonly ReplicaView<Origin>[],
    nowNs: number,
    waiting: Request<Origin>,
  ): Request<Origin> | undefined {
    const { policy } = this.#scheduler;
    let best: ReturnType<ReplicaView<Origin>["victim"]> | undefined;
    for (const replica of replicas) {
      for (const request of replica.bound) {
        if (request?.state !== "running") continue;
        const victim = replica.victim(request);
        if (best !== undefined && !policy.isVictimBefore(victim, best)) continue;
        if (policy.mayYield(this.#scheduler, { nowNs, waiting, victim: request })) best = victim;
      }
    }
    return best?.request;
  }
}

/** One that leaves makes room there. */
function isFull(gate: Gate | undefined): boolean {
  return gate === "slots" || gate === "kv-cache";
}

/** What the owner's waiting requests need. */
function wantedBy(
  backlogged: readonly TenantQueue<unknown>[],
  blockTokens: number,
): { readonly slots: number; readonly blocks: number } {
  let slots = 0;
  let tokens = 0;
  for (const queue of backlogged) {
    slots += queue.size;
    tokens += queue.waitingTokens;
  }
  return { slots, blocks: Math.ceil(tokens / blockTokens) };
}
