/**
 * The simulated cluster: answers the engine's effects from simulated replicas and keeps their next events on the agenda. It
 * alone knows how long outputs will be, and tells only the replica that produces them.
 */
import { poolReplicas } from "../engine/allocation/pool-replicas.ts";
import type { PoolConfig } from "../engine/config.ts";
import type { Request } from "../engine/request.ts";
import { AdapterChannel } from "../replica/adapter-channel.ts";
import type { ReplicaListener, ReplicaPort } from "../replica/port.ts";
import type { Joining } from "../replica/running-batch.ts";
import { SimulatedReplica, type StepTruth } from "../replica/simulated-replica.ts";
import { StepMeter } from "../replica/step-meter.ts";
import type { EventQueue } from "./event-queue.ts";
import type { Arrival } from "./workload/client.ts";

/** What the simulator finds again on a request. */
export interface Sent {
  readonly client: number;
  readonly arrival: Arrival;
  /** When it reached the edge, and when the engine got it from there. */
  readonly arrivalNs: number;
  readonly leavesEdgeNs: number;
}

export interface ClusterConfig {
  readonly pools: readonly PoolConfig[];
  /** One per replica, from createMeters. */
  readonly meters: readonly StepMeter[];
  /** The hidden truth of a replica; undefined in all runs but the attribution audit. */
  readonly truthOf: ((replica: number, pool: PoolConfig) => StepTruth) | undefined;
}

/** A meter for every replica of the pools, in their order: made before the cluster, for the engine reads them. */
export function createMeters(pools: readonly PoolConfig[]): StepMeter[] {
  return poolReplicas(pools).map(
    ({ config, isOff }) =>
      new StepMeter(config.maxNumSeqs, isOff ? "off" : "idle", config.stepModel.measured),
  );
}

export class SimulatedCluster implements ReplicaPort<Request<Sent>> {
  readonly replicas: readonly SimulatedReplica[];
  readonly #channels: readonly AdapterChannel[];
  readonly #events: EventQueue;
  /** By replica. */
  readonly #pools: readonly PoolConfig[];
  readonly #replicaSources: number[] = [];
  readonly #scheduledNs: Float64Array;
  readonly #channelSources: number[] = [];
  /** Reused by every join. */
  readonly #joining: { -readonly [Key in keyof Joining]: Joining[Key] } = {
    contextTokens: 0,
    remainingTokens: 0,
    dueNs: 0,
    prefix: undefined,
  };

  /** `listener` is called from within event handlers, never from the constructor. */
  constructor(config: ClusterConfig, events: EventQueue, listener: ReplicaListener) {
    this.#events = events;
    const all = poolReplicas(config.pools);
    this.#pools = all.map((one) => one.config);
    this.#scheduledNs = new Float64Array(all.length).fill(Infinity);
    this.replicas = all.map(({ index, config: pool, isOff }) => {
      const meter = config.meters[index]!;
      const truth = config.truthOf?.(index, pool);
      const bootNs = pool.autoscale?.provisioningDelayNs ?? 0;
      return new SimulatedReplica(
        { ...pool, index, meter, isOff, bootNs, ...(truth && { truth }) },
        listener,
      );
    });
    this.#channels = all.map(
      ({ index, config: pool }) =>
        new AdapterChannel({ index, bytesPerS: pool.gpu.pcieBytesPerS }, listener),
    );
    for (const [index, replica] of this.replicas.entries()) {
      const channel = this.#channels[index]!;
      this.#replicaSources.push(
        events.addSource("replica", (nowNs) => {
          this.#scheduledNs[index] = Infinity;
          replica.advance(nowNs);
          this.#reschedule(index);
        }),
      );
      this.#channelSources.push(
        events.addSource("adapter", (nowNs) => {
          channel.advance(nowNs);
          events.schedule(this.#channelSources[index]!, channel.nextEventNs);
        }),
      );
    }
  }

  join(nowNs: number, replica: number, slot: number, request: Request<Sent>): void {
    const longest = Math.min(request.origin.arrival.outputTokens, request.maxOutputTokens);
    const joining = this.#joining;
    joining.contextTokens = request.promptTokens + request.outputTokens;
    joining.remainingTokens = longest - request.outputTokens;
    joining.dueNs = request.prefillDueNs;
    // A borrowed replica may cache nothing where the request's own pool would.
    joining.prefix = this.#pools[replica]!.prefixCaching ? request.prefix : undefined;
    this.replicas[replica]!.join(nowNs, slot, joining);
    this.#reschedule(replica);
  }

  evict(nowNs: number, replica: number, slot: number): void {
    this.replicas[replica]!.evict(nowNs, slot);
    this.#reschedule(replica);
  }

  askBoundary(nowNs: number, replica: number, step: number): void {
    this.replicas[replica]!.askBoundary(nowNs, step);
    this.#reschedule(replica);
  }

  loadAdapter(nowNs: number, replica: number, adapter: number, bytes: number): void {
    this.#channels[replica]!.load(nowNs, adapter, bytes);
    this.#events.schedule(this.#channelSources[replica]!, this.#channels[replica]!.nextEventNs);
  }

  unloadAdapter(nowNs: number, replica: number, adapter: number): void {
    this.#channels[replica]!.unload(nowNs, adapter);
    this.#events.schedule(this.#channelSources[replica]!, this.#channels[replica]!.nextEventNs);
  }

  provision(nowNs: number, replica: number): void {
    this.replicas[replica]!.provision(nowNs);
    this.#reschedule(replica);
  }

  release(nowNs: number, replica: number): void {
    this.replicas[replica]!.release(nowNs);
    this.#forgetLoads(replica);
    this.#reschedule(replica);
  }

  crash(nowNs: number, replica: number, cause: string): void {
    this.replicas[replica]!.crash(nowNs, cause);
    this.#forgetLoads(replica);
    this.#reschedule(replica);
  }

  restart(nowNs: number, replica: number): void {
    this.replicas[replica]!.restart(nowNs);
    this.#reschedule(replica);
  }

  slow(nowNs: number, replica: number, factor: number): void {
    this.replicas[replica]!.setSlowdown(nowNs, factor);
    this.#reschedule(replica);
  }

  #forgetLoads(replica: number): void {
    this.#channels[replica]!.clear();
    this.#events.schedule(this.#channelSources[replica]!, Infinity);
  }

  #reschedule(replica: number): void {
    const { nextEventNs } = this.replicas[replica]!;
    if (nextEventNs === this.#scheduledNs[replica]) return;
    this.#scheduledNs[replica] = nextEventNs;
    this.#events.schedule(this.#replicaSources[replica]!, nextEventNs);
  }
}
