/**
 * Carries out what adapter residency plans: asks replicas to unload and load, keeps the requests that wait for a load, and
 * counts hits and loads. A request bound to a replica that must load its adapter first joins when the load is answered.
 */
import type { EngineEffects } from "../effects.ts";
import type { Request } from "../request.ts";
import type { AdapterOwner, TenantState } from "../tenant.ts";
import type { ReplicaView } from "./replica-view.ts";

/** An adapter as replicas know it. */
export interface AdapterNeed {
  readonly adapter: number;
  readonly bytes: number;
}

export class AdapterLoads<Origin> {
  /** Requests that found their adapter in this pool, and those it had to be loaded for. */
  hits = 0;
  loads = 0;
  readonly #tenants: readonly TenantState[];
  readonly #adapters: readonly AdapterOwner[];
  readonly #effects: EngineEffects<Origin>;
  readonly #replicas: readonly ReplicaView<Origin>[];

  constructor(parts: {
    readonly tenants: readonly TenantState[];
    readonly adapters: readonly AdapterOwner[];
    readonly effects: EngineEffects<Origin>;
    readonly allReplicas: readonly ReplicaView<Origin>[];
  }) {
    this.#tenants = parts.tenants;
    this.#adapters = parts.adapters;
    this.#effects = parts.effects;
    this.#replicas = parts.allReplicas;
  }

  /** The adapter a request needs, in the platform's numbering. */
  adapterOf(request: Request<Origin>): AdapterNeed | undefined {
    if (request.adapter === undefined) return undefined;
    const adapter = this.#tenants[request.tenant]!.firstAdapter + request.adapter;
    return { adapter, bytes: this.#adapters[adapter]!.bytes };
  }

  /** Whether no replica has the adapter of the request. */
  isCold(request: Request<Origin>): boolean {
    const { adapter } = this.adapterOf(request)!;
    return !this.#replicas.some(({ adapters }) => adapters.bytesOf(adapter) > 0);
  }

  /** Whether the replica has the adapter of the request, or could make room for it; true where it needs none. */
  hasRoom(request: Request<Origin>, replica: ReplicaView<Origin>): boolean {
    const need = this.adapterOf(request);
    return need === undefined || replica.adapters.plan(need.adapter, need.bytes).kind !== "no-room";
  }

  /** Pins the request's adapter on its replica, loading it if need be; false when the request must wait for it. */
  use(nowNs: number, request: Request<Origin>, replica: ReplicaView<Origin>): boolean {
    const { adapter, bytes } = this.adapterOf(request)!;
    const tenant = this.#tenants[request.tenant]!;
    const plan = replica.adapters.plan(adapter, bytes);
    if (plan.kind === "load") {
      for (const other of plan.unload) {
        replica.adapters.startUnload(other);
        this.#effects.unloadAdapter(nowNs, replica.index, other);
      }
      replica.adapters.startLoad(nowNs, adapter, bytes);
      tenant.memory.take(bytes);
      tenant.adapterLoads += 1;
      this.loads += 1;
      this.#effects.loadAdapter(nowNs, replica.index, adapter, bytes);
    } else {
      tenant.adapterHits += 1;
      this.hits += 1;
    }
    replica.adapters.pin(nowNs, adapter);
    return plan.kind === "resident";
  }

  /**
   * Unloads the adapters of the request's tenant that nobody uses, all but the one it needs where it is to run: the tenant's
   * GPU memory is bounded, and what lies idle must not keep its next request waiting for ever. The answers set the
   * scheduler going again. Returns whether there were any.
   */
  freeIdle(nowNs: number, request: Request<Origin>, place: ReplicaView<Origin>): boolean {
    let isAnyFreed = false;
    const needed = this.adapterOf(request)?.adapter;
    for (const replica of this.#replicas) {
      for (const adapter of replica.adapters.held()) {
        if (this.#adapters[adapter]!.tenant !== request.tenant) continue;
        if (adapter === needed && replica === place) continue;
        if (!replica.adapters.isIdle(adapter)) continue;
        replica.adapters.startUnload(adapter);
        this.#effects.unloadAdapter(nowNs, replica.index, adapter);
        isAnyFreed = true;
      }
    }
    return isAnyFreed;
  }

  /** The load is done: those who waited for it join. */
  loaded(nowNs: number, replica: ReplicaView<Origin>, adapter: number): void {
    replica.adapters.loaded(adapter);
    for (const request of replica.bound) {
      if (request?.state !== "loading") continue;
      if (this.adapterOf(request)!.adapter !== adapter) continue;
      request.state = "joining";
      this.#effects.join(nowNs, replica.index, request.slot, request);
    }
  }

  /** The adapter's memory is free again; returns how long it was held since last charged, ns, and whose it is. */
  unloaded(nowNs: number, replica: ReplicaView<Origin>, adapter: number): HeldAdapter {
    const { tenant, bytes } = this.#adapters[adapter]!;
    const heldNs = replica.adapters.unloaded(nowNs, adapter);
    this.#tenants[tenant]!.memory.giveBack(bytes);
    return { tenant, heldNs };
  }

  /** The replica went down with everything it held, which nobody uses any more. */
  lost(nowNs: number, replica: ReplicaView<Origin>): HeldAdapter[] {
    return [...replica.adapters.held()].map((adapter) => this.unloaded(nowNs, replica, adapter));
  }

  /** What the replica has held since that was last charged. */
  held(nowNs: number, replica: ReplicaView<Origin>): HeldAdapter[] {
    return [...replica.adapters.held()].map((adapter) => ({
      tenant: this.#adapters[adapter]!.tenant,
      heldNs: replica.adapters.chargeHeld(nowNs, adapter),
    }));
  }
}

export interface HeldAdapter {
  readonly tenant: number;
  readonly heldNs: number;
}
