/**
 * Keeps what sequences use within what was promised to them, for tenants whose GPU memory is bounded. When a sequence is about
 * to outgrow its promise, its replica is asked for a boundary at that very step; there the promise is extended if the
 * tenant's bound allows, and else the tenant's own newest sequence on that replica must leave.
 */
import type { ReplicaView } from "./allocation/replica-view.ts";
import type { EngineEffects } from "./effects.ts";
import type { Request } from "./request.ts";
import type { TenantState } from "./tenant.ts";

/** Blocks by which a promise grows at a time, as far as the bound allows: fewer boundaries, little waste. */
const EXTENSION_BLOCKS = 8;
/** Promises are looked at this many steps before they are used up: a victim needs one boundary to leave. */
export const MARGIN_STEPS = 1;

export class MemoryGuard<Origin> {
  readonly #tenants: readonly TenantState[];
  readonly #effects: EngineEffects<Origin>;

  constructor(tenants: readonly TenantState[], effects: EngineEffects<Origin>) {
    this.#tenants = tenants;
    this.#effects = effects;
  }

  /** The request has begun to decode: asks for a boundary shortly before its promise is used up. */
  watch(nowNs: number, replica: ReplicaView<Origin>, request: Request<Origin>): void {
    if (!this.#tenants[request.tenant]!.memory.isLimited) return;
    const promised = request.promisedBlocks * replica.config.blockTokens;
    if (promised >= request.promptTokens + request.maxOutputTokens) return;
    const step = this.#lastPromisedStep(replica, request) - MARGIN_STEPS;
    this.#effects.askBoundary(nowNs, replica.index, step);
  }

  /** Extends the promises used up at this boundary, or names victims of the same tenant through `evict`. */
  enforce(
    nowNs: number,
    replica: ReplicaView<Origin>,
    evict: (request: Request<Origin>) => void,
  ): void {
    for (const request of replica.bound) {
      if (request?.state !== "running" || !request.isPrefilled) continue;
      if (!this.#tenants[request.tenant]!.memory.isLimited) continue;
      const stepsLeft = this.#lastPromisedStep(replica, request) - replica.meter.steps;
      if (stepsLeft <= MARGIN_STEPS && !this.#extend(replica, request)) {
        // The victim's promise is free once it has left, one boundary on; without that step to spare, the needy one goes.
        evict(stepsLeft > 0 ? this.#newestOf(replica, request.tenant) : request);
      }
      if (request.state === "running") this.watch(nowNs, replica, request);
    }
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
