/**
 * Keeps what sequences use within what was promised to them, for tenants whose GPU memory is bounded. When a sequence is about
 * to outgrow its promise, its replica is asked for a boundary at that very step; there the promise is extended if the
 * tenant's bound allows, and else the tenant's own newest sequence on that replica must leave. Each replica's sequences
 * stand in a heap by that step, so nothing here depends on how many there are.
 */
import { IndexedHeap } from "../base/indexed-heap.ts";
import type { ReplicaView } from "./allocation/replica-view.ts";
import type { EngineEffects } from "./effects.ts";
import type { Request } from "./request.ts";
import type { TenantState } from "./tenant.ts";

/** Blocks by which a promise grows at a time, as far as the bound allows: fewer boundaries, little waste. */
const EXTENSION_BLOCKS = 8;
/** Promises are looked at this many steps before they are used up: a victim needs one boundary to leave. */
export const MARGIN_STEPS = 1;

/** One replica's sequences by the step at which their promise must be looked at, and the step asked for. */
class Watch {
  readonly due: IndexedHeap;
  askedStep = Infinity;

  constructor(slots: number) {
    this.due = new IndexedHeap(slots);
  }
}

export class MemoryGuard<Origin> {
  readonly #tenants: readonly TenantState[];
  readonly #effects: EngineEffects<Origin>;
  readonly #watches: readonly Watch[];

  constructor(
    tenants: readonly TenantState[],
    replicas: readonly ReplicaView<Origin>[],
    effects: EngineEffects<Origin>,
  ) {
    this.#tenants = tenants;
    this.#effects = effects;
    this.#watches = replicas.map(({ config }) => new Watch(config.maxNumSeqs));
  }

  /** The request has begun to decode: asks for a boundary shortly before its promise is used up. */
  watch(nowNs: number, replica: ReplicaView<Origin>, request: Request<Origin>): void {
    if (this.#enlist(replica, request)) this.#ask(nowNs, replica);
  }

  /** The slot's sequence has left. */
  forget(nowNs: number, replica: ReplicaView<Origin>, slot: number): void {
    const { due } = this.#watches[replica.index]!;
    if (due.size === 0) return;
    due.delete(slot);
    this.#ask(nowNs, replica);
  }

  /** Extends the promises used up at this boundary, or names victims of the same tenant through `evict`. */
  enforce(
    nowNs: number,
    replica: ReplicaView<Origin>,
    evict: (request: Request<Origin>) => void,
  ): void {
    const watch = this.#watches[replica.index]!;
    watch.askedStep = Infinity;
    const looked: Request<Origin>[] = [];
    while (watch.due.firstKey <= replica.meter.steps) {
      const request = replica.bound[watch.due.first]!;
      watch.due.delete(request.slot);
      if (request.state !== "running") continue;
      looked.push(request);
      if (this.#extend(replica, request)) continue;
      // The victim's promise is free once it has left; where no step is left to wait for that, the needy one goes.
      const stepsLeft = this.#lastPromisedStep(replica, request) - replica.meter.steps;
      evict(stepsLeft > 0 ? this.#newestOf(replica, request.tenant) : request);
    }
    for (const request of looked) {
      if (request.state === "running") this.#enlist(replica, request);
    }
    this.#ask(nowNs, replica);
  }

  /** Puts the request into its replica's heap; false where its promise can never be outgrown. */
  #enlist(replica: ReplicaView<Origin>, request: Request<Origin>): boolean {
    if (!this.#tenants[request.tenant]!.memory.isLimited) return false;
    const promised = request.promisedBlocks * replica.config.blockTokens;
    if (promised >= request.promptTokens + request.maxOutputTokens) return false;
    const step = this.#lastPromisedStep(replica, request) - MARGIN_STEPS;
    this.#watches[replica.index]!.due.set(request.slot, step, request.number);
    return true;
  }

  #ask(nowNs: number, replica: ReplicaView<Origin>): void {
    const watch = this.#watches[replica.index]!;
    const step = watch.due.firstKey;
    if (step === watch.askedStep) return;
    watch.askedStep = step;
    this.#effects.askBoundary(nowNs, replica.index, step);
  }

  #extend(replica: ReplicaView<Origin>, request: Request<Origin>): boolean {
    const { memory } = this.#tenants[request.tenant]!;
    const { blockBytes, blockTokens } = replica.config;
    const end = Math.ceil((request.promptTokens + request.maxOutputTokens) / blockTokens);
    for (
      let blocks = Math.min(EXTENSION_BLOCKS, end - request.promisedBlocks);
      blocks > 0;
      blocks--
    ) {
      if (!memory.fits(blocks * blockBytes)) continue;
      memory.take(blocks * blockBytes);
      request.promisedBlocks += blocks;
      replica.promisedBlocks += blocks;
      return true;
    }
    return false;
  }

  #newestOf(replica: ReplicaView<Origin>, tenant: number): Request<Origin> {
    let newest: Request<Origin> | undefined;
    for (const request of replica.bound) {
      if (request?.tenant !== tenant || request.state !== "running") continue;
      if (newest === undefined || request.number > newest.number) newest = request;
    }
    return newest!;
  }

  /** The step count at which the request's context fills its promised blocks. */
  #lastPromisedStep(replica: ReplicaView<Origin>, request: Request<Origin>): number {
    const promisedTokens = request.promisedBlocks * replica.config.blockTokens;
    return request.firstStep + (promisedTokens - request.promptTokens - request.outputTokens);
  }
}
