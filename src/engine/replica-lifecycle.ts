/**
 * What happens to whole replicas: they go down and come up, are provisioned, drained and given back. Carries it out in the
 * engine's books (who was bound there, what adapters are gone, which events are told); whether to scale is autoscaling.ts,
 * and what a replica that fails does to its requests is the engine's.
 */
import type { StragglerWatch } from "./allocation/stragglers.ts";
import type { ReplicaView } from "./allocation/replica-view.ts";
import type { Ledger } from "./cost/ledger.ts";
import type { EngineEffects, EngineEvent } from "./effects.ts";
import type { Request } from "./request.ts";
import type { PoolScheduler } from "./scheduler.ts";

export interface LifecycleParts<Origin> {
  readonly schedulers: readonly PoolScheduler<Origin>[];
  readonly ledger: Ledger;
  readonly effects: EngineEffects<Origin>;
  readonly stragglers: StragglerWatch;
  /** Puts a request that lost its replica back into its queue, or ends it. */
  requeue(nowNs: number, request: Request<Origin>): void;
}

export class ReplicaLifecycle<Origin> {
  readonly #parts: LifecycleParts<Origin>;

  constructor(parts: LifecycleParts<Origin>) {
    this.#parts = parts;
  }

  /** Its backend says that it cannot work; what runs on it is told to leave one by one. */
  down(nowNs: number, view: ReplicaView<Origin>, cause: string): void {
    const scheduler = this.#schedulerOf(view);
    view.isUp = false;
    view.life.booted();
    scheduler.lost(view);
    for (const request of view.bound) {
      if (request?.state !== "loading") continue;
      this.#parts.schedulers[request.pool]!.released(nowNs, request, 0);
      this.#parts.requeue(nowNs, request);
    }
    this.#loseMemory(nowNs, view);
    this.#tell(nowNs, view, "replica-down", `went down: ${cause}`);
    this.settleDrain(nowNs, view);
  }

  up(nowNs: number, view: ReplicaView<Origin>): void {
    view.isUp = true;
    view.life.booted();
    this.#parts.stragglers.forget(view);
    this.#schedulerOf(view).scaled();
    this.#tell(nowNs, view, "replica-up", "is up: it takes requests again");
  }

  /** Makes one more replica serve: one that drains is taken back at once, one that is off must boot. */
  add(nowNs: number, view: ReplicaView<Origin>, why: string): void {
    if (view.life.state === "draining") {
      view.life.resume();
      this.#schedulerOf(view).scaled();
      this.#tell(nowNs, view, "scale-out", `is taken back before it was empty: ${why}`);
      return;
    }
    view.life.provision(nowNs);
    this.#parts.effects.provision(nowNs, view.index);
    this.#tell(nowNs, view, "scale-out", `is provisioned: ${why}`);
  }

  /** Lets what runs on the replica finish, and nothing more begin; then gives it back. */
  drain(nowNs: number, view: ReplicaView<Origin>, why: string): void {
    view.life.drain();
    this.#schedulerOf(view).lost(view);
    this.#schedulerOf(view).scaled();
    const left = `${view.boundCount} requests are still to finish on it`;
    this.#tell(nowNs, view, "scale-in", `is drained: ${why}; ${left}`);
    this.settleDrain(nowNs, view);
  }

  /** Gives the replica back if it drains and holds nothing more. Call after whatever may have been its last. */
  settleDrain(nowNs: number, view: ReplicaView<Origin>): void {
    if (view.life.state !== "draining" || view.boundCount > 0) return;
    this.#loseMemory(nowNs, view);
    view.isUp = false;
    view.life.release(nowNs);
    this.#parts.effects.release(nowNs, view.index);
    this.#tell(nowNs, view, "replica-released", "is empty and given back");
  }

  /** Its adapters and cached prefixes are gone. */
  #loseMemory(nowNs: number, view: ReplicaView<Origin>): void {
    view.prefixes.lost();
    for (const held of this.#schedulerOf(view).adapterLoads.lost(nowNs, view)) {
      this.#parts.ledger.chargeAdapter(nowNs, held.tenant, held.heldNs);
    }
  }

  #schedulerOf(view: ReplicaView<Origin>): PoolScheduler<Origin> {
    return this.#parts.schedulers[view.pool]!;
  }

  #tell(nowNs: number, view: ReplicaView<Origin>, kind: EngineEvent["kind"], what: string): void {
    const { index: replica, pool, config } = view;
    const place = replica - this.#schedulerOf(view).replicas[0]!.index;
    this.#parts.effects.event(nowNs, {
      kind,
      tenant: undefined,
      aggressor: undefined,
      pool,
      replica,
      message: `${config.name}/${place} ${what}.`,
    });
  }
}
