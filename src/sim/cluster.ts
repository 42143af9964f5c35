/**
 * The simulated cluster: answers the engine's effects from simulated replicas and keeps their next events on the agenda. It
 * alone knows how long outputs will be, and tells only the replica that produces them.
 */
import type { PoolConfig } from "../engine/config.ts";
import type { Request } from "../engine/request.ts";
import { AdapterChannel } from "../replica/adapter-channel.ts";
import type { ReplicaListener, ReplicaPort } from "../replica/port.ts";
import { SimulatedReplica, type StepTruth } from "../replica/simulated-replica.ts";
import { StepMeter } from "../replica/step-meter.ts";
import type { EventQueue } from "./event-queue.ts";
import type { Arrival } from "./workload/client.ts";

/** What the simulator finds again on a request. */
export interface Sent {
  readonly client: number;
  readonly arrival: Arrival;
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
  return replicaPools(pools).map(({ maxNumSeqs }) => new StepMeter(maxNumSeqs));
}

/** The pool of every replica. */
function replicaPools(pools: readonly PoolConfig[]): PoolConfig[] {
  return pools.flatMap((pool) => Array.from({ length: pool.replicas }, () => pool));
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

  /** `listener` is called from within event handlers, never from the constructor. */
  constructor(config: ClusterConfig, events: EventQueue, listener: ReplicaListener) {
    this.#events = events;
    const pools = replicaPools(config.pools);
    this.#pools = pools;
    this.#scheduledNs = new Float64Array(pools.length).fill(Infinity);
    this.replicas = pools.map((pool, index) => {
      const meter = config.meters[index]!;
      const truth = config.truthOf?.(index, pool);
      return new SimulatedReplica({ ...pool, index, meter, ...(truth && { truth }) }, listener);
    });
    this.#channels = pools.map(
      (pool, index) => new AdapterChannel({ index, bytesPerS: pool.gpu.pcieBytesPerS }, listener),
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
    this.replicas[replica]!.join(nowNs, slot, {
      contextTokens: request.promptTokens + request.outputTokens,
      remainingTokens: longest - request.outputTokens,
      // A borrowed replica may cache nothing where the request's own pool would.
      prefix: this.#pools[replica]!.prefixCaching ? request.prefix : undefined,
    });
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

  crash(nowNs: number, replica: number, cause: string): void {
    this.replicas[replica]!.crash(nowNs, cause);
    this.#channels[replica]!.clear();
    this.#events.schedule(this.#channelSources[replica]!, Infinity);
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

  #reschedule(replica: number): void {
    const { nextEventNs } = this.replicas[replica]!;
    if (nextEventNs === this.#scheduledNs[replica]) return;
    this.#scheduledNs[replica] = nextEventNs;
    this.#events.schedule(this.#replicaSources[replica]!, nextEventNs);
  }
}
