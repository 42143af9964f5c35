/**
 * Listens to an engine and gathers what results.json reports. Every driver feeds the same collector, so that a simulated and a
 * live run are counted by the same code.
 */
import type { LatencyMetric, PlatformConfig, SlaTarget } from "../engine/config.ts";
import type { EngineEvent } from "../engine/effects.ts";
import type { Engine } from "../engine/engine.ts";
import type { Admission, Outcome, RejectReason, Request } from "../engine/request.ts";
import { latencyNs } from "../engine/sla/latency.ts";
import { busyUntil, provisionedUntil } from "../replica/port.ts";
import { BatchRecorder } from "./batch-recorder.ts";
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

interface PoolDemand {
  admitted: number;
  completed: number;
  promptTokens: number;
  cachedTokens: number;
  outputTokens: number;
  /** Replicas it took on, and began to give back. */
  scaleOuts: number;
  scaleIns: number;
}

/** More events than this are counted but not kept: a report of ten thousand alarms helps nobody. */
const MAX_EVENTS = 10_000;

export class Collector {
  platform: PlatformConfig;
  readonly tenants: TenantStats[];
  readonly timeline: TimelineRecorder;
  readonly events: TimedEvent[] = [];
  /** What was admitted to each pool, and what of it completed. */
  readonly pools: PoolDemand[];
  /** Per replica: requests that completed there, and times its KV cache was full. */
  readonly completedOn: Float64Array;
  /** Per tier: its promised latencies in batches over time, microseconds. */
  readonly batches: Map<LatencyMetric, BatchRecorder>[] = [];
  readonly #warmupNs: number;

  constructor(platform: PlatformConfig, warmupNs: number) {
    this.platform = platform;
    this.#warmupNs = warmupNs;
    this.tenants = platform.tenants.map(() => new TenantStats());
    this.timeline = new TimelineRecorder({
      tenants: platform.tenants.map(({ name }) => name),
      pools: platform.pools,
    });
    this.pools = platform.pools.map(() => ({
      admitted: 0,
      completed: 0,
      promptTokens: 0,
      cachedTokens: 0,
      outputTokens: 0,
      scaleOuts: 0,
      scaleIns: 0,
    }));
    this.completedOn = new Float64Array(
      platform.pools.reduce((sum, { replicas }) => sum + replicas, 0),
    );
  }

  get warmupNs(): number {
    return this.#warmupNs;
  }

  /** A request arrived at `nowNs` and was taken in or not. */
  submitted(nowNs: number, tenant: number, admission: Admission<unknown>): void {
    this.arrived(tenant);
    if (admission.kind === "rejected") this.rejected(nowNs, tenant, admission.reason);
    else this.pools[admission.request.pool]!.admitted += 1;
  }

  /** A request was sent whose admission is not known yet. */
  arrived(tenant: number): void {
    this.tenants[tenant]!.arrived += 1;
    this.timeline.arrived(tenant);
  }

  /** The request that arrived at `arrivalNs` was not taken in. */
  rejected(arrivalNs: number, tenant: number, reason: RejectReason): void {
    this.tenants[tenant]!.reject(reason, arrivalNs >= this.#warmupNs);
    this.timeline.rejected(tenant);
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
    if (request.arrivalNs >= this.#warmupNs) this.#record(nowNs, request);
    if (request.replica >= 0) this.completedOn[request.replica]! += 1;
    this.timeline.completed(request.tenant);
    // A load generator knows of no pools.
    const demand = this.pools[request.pool];
    if (demand === undefined) return;
    demand.completed += 1;
    demand.promptTokens += request.promptTokens;
    demand.cachedTokens += request.cachedTokens;
    demand.outputTokens += request.outputTokens;
  }

  /** A latency that is promised twice, at two percentiles, is recorded once. */
  #record(nowNs: number, request: Request<unknown>): void {
    const sinceNs = request.arrivalNs - this.#warmupNs;
    const recorders = (this.batches[request.tier] ??= new Map());
    const { targets } = this.platform.tiers[request.tier]!;
    for (let at = 0; at < targets.length; at++) {
      const { metric } = targets[at]!;
      if (isPromisedBefore(targets, at)) continue;
      const ns = latencyNs(metric, request, nowNs);
      if (ns === undefined || Number.isNaN(ns)) continue;
      let recorder = recorders.get(metric);
      if (recorder === undefined) recorders.set(metric, (recorder = new BatchRecorder()));
      recorder.add(sinceNs, ns / 1000);
    }
  }

  event(timeNs: number, event: CollectedEvent): void {
    const pool = event.pool === undefined ? undefined : this.pools[event.pool];
    if (pool !== undefined && event.kind === "scale-out") pool.scaleOuts += 1;
    if (pool !== undefined && event.kind === "scale-in") pool.scaleIns += 1;
    if (this.events.length < MAX_EVENTS) this.events.push({ timeNs, event });
  }

  /** The platform has changed while it ran: other targets, and newcomers at the end of its tenants. */
  reloaded(platform: PlatformConfig): void {
    this.platform = platform;
    const newcomers = platform.tenants.slice(this.tenants.length).map(({ name }) => name);
    for (const _ of newcomers) this.tenants.push(new TenantStats());
    this.timeline.addTenants(newcomers);
  }

  /** Ends a slice of the timeline with the engine's state. */
  sample(nowNs: number, engine: Engine<unknown>): void {
    const queued = this.platform.tenants.map(({ pools }, tenant) =>
      pools.reduce((sum, pool) => sum + engine.schedulers[pool]!.queuedOf(tenant), 0),
    );
    const pools = engine.schedulers.map((scheduler) => {
      const sample = {
        busyNs: 0,
        provisionedNs: 0,
        tokens: 0,
        running: 0,
        replicasUp: 0,
        provisioned: 0,
      };
      for (const { meter, boundCount, isUp, life } of scheduler.replicas) {
        sample.busyNs += busyUntil(meter, nowNs);
        sample.provisionedNs += provisionedUntil(meter, nowNs);
        sample.tokens += meter.tokens;
        sample.running += boundCount;
        if (isUp) sample.replicasUp += 1;
        if (life.isProvisioned) sample.provisioned += 1;
      }
      const needed = engine.autoscaling.scalers[scheduler.pool]?.needed;
      return { ...sample, queued: scheduler.queuedRequests, needed };
    });
    this.timeline.close(queued, pools);
  }
}

function isPromisedBefore(targets: readonly SlaTarget[], at: number): boolean {
  for (let before = 0; before < at; before++) {
    if (targets[before]!.metric === targets[at]!.metric) return true;
  }
  return false;
}
