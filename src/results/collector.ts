/**
 * Listens to an engine and gathers what results.json reports. Every driver feeds the same collector, so that a simulated and a
 * live run are counted by the same code.
 */
import type { PlatformConfig } from "../engine/config.ts";
import type { EngineEvent } from "../engine/effects.ts";
import type { Engine } from "../engine/engine.ts";
import type { Admission, Outcome, Request } from "../engine/request.ts";
import { TenantStats } from "./tenant-stats.ts";
import { TimelineRecorder } from "./timeline-recorder.ts";

export interface TimedEvent {
  readonly timeNs: number;
  readonly event: CollectedEvent;
}

/** The engine's events, and those only a driver can know: a straggler looks like any other replica to the engine. */
export type CollectedEvent = Omit<EngineEvent, "kind"> & {
  readonly kind: EngineEvent["kind"] | "replica-slow" | "replica-slow-ended";
};

/** More events than this are counted but not kept: a report of ten thousand alarms helps nobody. */
const MAX_EVENTS = 10_000;

export class Collector {
  readonly platform: PlatformConfig;
  readonly tenants: readonly TenantStats[];
  readonly timeline: TimelineRecorder;
  readonly events: TimedEvent[] = [];
  /** Per replica: requests that completed there, and times its KV cache was full. */
  readonly completedOn: Float64Array;
  readonly #warmupNs: number;

  constructor(platform: PlatformConfig, warmupNs: number) {
    this.platform = platform;
    this.#warmupNs = warmupNs;
    this.tenants = platform.tenants.map(() => new TenantStats());
    this.timeline = new TimelineRecorder({
      tenants: platform.tenants.map(({ name }) => name),
      pools: platform.pools,
    });
    this.completedOn = new Float64Array(
      platform.pools.reduce((sum, { replicas }) => sum + replicas, 0),
    );
  }

  get warmupNs(): number {
    return this.#warmupNs;
  }

  /** A request arrived at `nowNs` and was taken in or not. */
  submitted(nowNs: number, tenant: number, admission: Admission<unknown>): void {
    const stats = this.tenants[tenant]!;
    stats.arrived += 1;
    this.timeline.count(tenant, "arrived");
    if (admission.kind === "accepted") return;
    stats.reject(admission.reason, nowNs >= this.#warmupNs);
    this.timeline.count(tenant, "rejected");
  }

  firstToken(request: Request<unknown>): void {
    this.timeline.ttft(request.tenant, request.firstTokenNs - request.arrivalNs);
  }

  ended(nowNs: number, request: Request<unknown>, outcome: Outcome): void {
    this.tenants[request.tenant]!.end(nowNs, request, outcome, {
      targets: this.platform.tiers[request.tier]!.targets,
      isMeasured: request.arrivalNs >= this.#warmupNs,
    });
    if (outcome !== "completed") return;
    this.completedOn[request.replica]! += 1;
    this.timeline.count(request.tenant, "completed");
  }

  event(timeNs: number, event: CollectedEvent): void {
    if (this.events.length < MAX_EVENTS) this.events.push({ timeNs, event });
  }

  /** Ends a slice of the timeline with the engine's state. */
  sample(nowNs: number, engine: Engine<unknown>): void {
    const queued = this.platform.tenants.map(({ pools }, tenant) =>
      pools.reduce((sum, pool) => sum + engine.schedulers[pool]!.queuedOf(tenant), 0),
    );
    const pools = engine.schedulers.map((scheduler) => {
      let busyNs = 0;
      let running = 0;
      let replicasUp = 0;
      for (const { meter, boundCount, isUp } of scheduler.replicas) {
        busyNs += nowNs - meter.idleUntil(nowNs) - meter.downUntil(nowNs);
        running += boundCount;
        if (isUp) replicasUp += 1;
      }
      return { busyNs, running, queued: scheduler.queuedRequests, replicasUp };
    });
    this.timeline.close(queued, pools);
  }
}
