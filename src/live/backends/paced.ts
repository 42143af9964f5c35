/**
 * The simulated replicas in real time: what the simulator would compute, handed out when it would be. Boundaries happen at
 * their planned times however late the timer is, so lateness never adds up. Lengths are drawn as the scenario says, since
 * no model decides them.
 */
import { type PoolReplica, poolReplicas } from "../../engine/allocation/pool-replicas.ts";
import type { PoolConfig } from "../../engine/config.ts";
import { AdapterChannel } from "../../replica/adapter-channel.ts";
import type { Departure, ReplicaListener } from "../../replica/port.ts";
import { SimulatedReplica } from "../../replica/simulated-replica.ts";
import { StepMeter } from "../../replica/step-meter.ts";
import type { Backend, BackendHost, LiveRequest } from "./backend.ts";
import { words } from "./words.ts";

/** Streams are served this often: more often than anyone reads, seldom enough to cost little. */
const FLUSH_EVERY_NS = 10_000_000;

/** Output length of a request, tokens, before its max_tokens cuts it. */
export type OutputLength = (request: LiveRequest) => number;

/** A sequence in a slot, and how much of its output has been handed out in this stay. */
interface Stay {
  readonly request: LiveRequest;
  /** Tokens of earlier stays. */
  readonly before: number;
  /** The replica's step count at the stay's first token; Infinity before it. */
  firstStep: number;
  given: number;
}

export class PacedBackend implements Backend {
  readonly meterKind = "step";
  readonly meters: readonly StepMeter[];
  readonly #places: readonly PoolReplica[];
  readonly #outputLength: OutputLength;
  readonly #stays: (Stay | undefined)[][];
  #replicas: readonly SimulatedReplica[] = [];
  #channels: readonly AdapterChannel[] = [];
  #streaming = 0;

  constructor(pools: readonly PoolConfig[], outputLength: OutputLength) {
    this.#places = poolReplicas(pools);
    this.#outputLength = outputLength;
    this.meters = this.#places.map(
      ({ config, isOff }) =>
        new StepMeter(config.maxNumSeqs, isOff ? "off" : "idle", config.stepModel.measured),
    );
    this.#stays = this.#places.map(({ config }) =>
      Array.from({ length: config.maxNumSeqs }, () => undefined),
    );
  }

  start({ listener }: BackendHost): void {
    const hearing = this.#hearing(listener);
    this.#replicas = this.#places.map(({ index, config, isOff }) => {
      const bootNs = config.autoscale?.provisioningDelayNs ?? 0;
      const meter = this.meters[index]!;
      return new SimulatedReplica({ ...config, index, meter, isOff, bootNs }, hearing);
    });
    this.#channels = this.#places.map(
      ({ index, config }) =>
        new AdapterChannel({ index, bytesPerS: config.gpu.pcieBytesPerS }, hearing),
    );
  }

  get nextEventNs(): number {
    let nextNs = Infinity;
    for (const replica of this.#replicas) nextNs = Math.min(nextNs, replica.nextEventNs);
    for (const channel of this.#channels) nextNs = Math.min(nextNs, channel.nextEventNs);
    return nextNs;
  }

  advance(nowNs: number): void {
    const replica = this.#replicas.find(({ nextEventNs }) => nextEventNs === nowNs);
    if (replica !== undefined) replica.advance(nowNs);
    else this.#channels.find(({ nextEventNs }) => nextEventNs === nowNs)!.advance(nowNs);
  }

  flush(nowNs: number): number {
    if (this.#streaming === 0) return Infinity;
    for (const [index, replica] of this.#replicas.entries()) {
      const steps = replica.stepsBy(nowNs);
      for (const stay of this.#stays[index]!) {
        if (stay?.request.origin.isStreaming === true) give(stay, steps - stay.firstStep + 1);
      }
    }
    return nowNs + FLUSH_EVERY_NS;
  }

  join(nowNs: number, replica: number, slot: number, request: LiveRequest): void {
    const longest = Math.min(this.#outputLength(request), request.maxOutputTokens);
    const stay: Stay = { request, before: request.outputTokens, firstStep: Infinity, given: 0 };
    this.#stays[replica]![slot] = stay;
    request.origin.tokensSoFar = () => ({
      promptTokens: request.promptTokens,
      cachedTokens: request.cachedTokens,
      outputTokens: stay.before + stay.given,
    });
    this.#replicas[replica]!.join(nowNs, slot, {
      contextTokens: request.promptTokens + request.outputTokens,
      remainingTokens: Math.max(1, longest - request.outputTokens),
      dueNs: request.prefillDueNs,
    });
  }

  evict(nowNs: number, replica: number, slot: number): void {
    this.#replicas[replica]!.evict(nowNs, slot);
  }

  askBoundary(nowNs: number, replica: number, step: number): void {
    this.#replicas[replica]!.askBoundary(nowNs, step);
  }

  loadAdapter(nowNs: number, replica: number, adapter: number, bytes: number): void {
    this.#channels[replica]!.load(nowNs, adapter, bytes);
  }

  unloadAdapter(nowNs: number, replica: number, adapter: number): void {
    this.#channels[replica]!.unload(nowNs, adapter);
  }

  /** Boots as long as the scenario says, in real time. */
  provision(nowNs: number, replica: number): void {
    this.#replicas[replica]!.provision(nowNs);
  }

  release(nowNs: number, replica: number): void {
    this.#replicas[replica]!.release(nowNs);
    this.#channels[replica]!.clear();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Hears of first tokens and departures before the engine does, to hand out what they mean. */
  #hearing(listener: ReplicaListener): ReplicaListener {
    return {
      joined: (nowNs, replica, slot, cached) => listener.joined(nowNs, replica, slot, cached),
      firstToken: (nowNs, replica, slot) => {
        const stay = this.#stays[replica]![slot]!;
        stay.firstStep = this.meters[replica]!.steps;
        listener.firstToken(nowNs, replica, slot);
        if (!stay.request.origin.isStreaming) return;
        this.#streaming += 1;
        give(stay, 1);
      },
      left: (nowNs, replica, departure) => {
        this.#leave(replica, departure);
        listener.left(nowNs, replica, departure);
      },
      adapterLoaded: (nowNs, replica, adapter) => listener.adapterLoaded(nowNs, replica, adapter),
      adapterUnloaded: (nowNs, replica, adapter) =>
        listener.adapterUnloaded(nowNs, replica, adapter),
      pressure: (nowNs, replica) => listener.pressure(nowNs, replica),
      boundary: (nowNs, replica) => listener.boundary(nowNs, replica),
      down: (nowNs, replica, cause) => listener.down(nowNs, replica, cause),
      up: (nowNs, replica) => listener.up(nowNs, replica),
    };
  }

  #leave(replica: number, departure: Departure): void {
    const stay = this.#stays[replica]![departure.slot]!;
    const { request } = stay;
    this.#stays[replica]![departure.slot] = undefined;
    if (request.origin.isStreaming && stay.firstStep !== Infinity) this.#streaming -= 1;
    give(stay, departure.outputTokens);
    if (departure.reason !== "finished") return;
    const outputTokens = stay.before + departure.outputTokens;
    request.origin.finishReason = outputTokens >= request.maxOutputTokens ? "length" : "stop";
  }
}

/** Hands out the stay's output up to `tokens`. */
function give(stay: Stay, tokens: number): void {
  if (tokens <= stay.given) return;
  const { request, before } = stay;
  const text = words(request.number, before + stay.given, before + tokens);
  stay.given = tokens;
  request.origin.deliver({ kind: "text", text });
}
