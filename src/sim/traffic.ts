/**
 * Everything that clients do to a simulated platform: send requests, give up after their timeout, hear how it went. Each client
 * has one next arrival (at the edge or, from there, at the engine) and one next timeout on the agenda, so traffic takes memory only for what is in flight.
 */
import { Fifo } from "../base/fifo.ts";
import type { Engine } from "../engine/engine.ts";
import { type Admission, type Outcome, type Request, isRetryable } from "../engine/request.ts";
import type { ClientConfig } from "../scenario/scenario.ts";
import type { Sent } from "./cluster.ts";
import { Edge } from "./edge.ts";
import type { EventQueue } from "./event-queue.ts";
import type { AttemptEnd, AttemptOutcome, Client } from "./workload/client.ts";

/** Hears of every submission and what came of it at once. */
export type OnSubmitted = (nowNs: number, sent: Sent, admission: Admission<Sent>) => void;

export interface TrafficParts {
  readonly configs: readonly ClientConfig[];
  readonly clients: readonly Client[];
  readonly engine: Engine<Sent>;
  readonly events: EventQueue;
  /** No more than this many submissions, retries included. */
  readonly maxRequests: number;
  readonly onSubmitted: OnSubmitted;
}

/** A client's requests in flight in the order they were sent, which is the order they time out. */
class Pending {
  readonly timeoutNs: number;
  readonly #requests = new Fifo<Request<Sent>>();

  constructor(timeoutNs: number) {
    this.timeoutNs = timeoutNs;
  }

  add(request: Request<Sent>): void {
    if (this.timeoutNs !== Infinity) this.#requests.push(request);
  }

  /** The oldest request that has not ended; forgets those before it. */
  oldest(): Request<Sent> | undefined {
    while (this.#requests.peek()?.state === "ended") this.#requests.take();
    return this.#requests.peek();
  }

  takeOldest(): Request<Sent> | undefined {
    const request = this.oldest();
    if (request !== undefined) this.#requests.take();
    return request;
  }
}

export class Traffic {
  readonly #parts: TrafficParts;
  readonly #pending: readonly Pending[];
  /** Of requests that arrive, and of those that come from the edge. */
  readonly #sources: readonly number[];
  readonly #edges: readonly Edge[];
  readonly #timeoutSources: readonly number[];
  /** Requests given up by their client, whose end is a time-out to it. */
  readonly #givenUp = new Set<Request<Sent>>();
  readonly sentByClient: number[];
  #submitted = 0;
  #lastArrivalNs = 0;

  constructor(parts: TrafficParts) {
    this.#parts = parts;
    const { clients, configs, events } = parts;
    this.sentByClient = configs.map(() => 0);
    this.#pending = configs.map(({ timeoutNs }) => new Pending(timeoutNs));
    this.#sources = clients.map((_, client) =>
      events.addSource("arrival", (nowNs) => this.#advance(nowNs, client)),
    );
    this.#edges = clients.map(() => new Edge());
    this.#timeoutSources = clients.map((_, client) =>
      events.addSource("timeout", (nowNs) => this.#giveUp(nowNs, client)),
    );
    for (const client of clients.keys()) this.#schedule(client);
  }

  get submitted(): number {
    return this.#submitted;
  }

  get lastArrivalNs(): number {
    return this.#lastArrivalNs;
  }

  /** When the next request of any client arrives, or comes to the engine from the edge; Infinity when none is known. */
  get nextArrivalNs(): number {
    let nextNs = Infinity;
    for (let client = 0; client < this.#edges.length; client++) {
      nextNs = Math.min(nextNs, this.#nextNs(client));
    }
    return nextNs;
  }

  /** The platform has done with a request: its client may try again or go on. */
  ended(nowNs: number, request: Request<Sent>, outcome: Outcome): void {
    const isTimedOut = this.#givenUp.delete(request);
    const seen: AttemptOutcome =
      outcome === "completed" ? "completed" : isTimedOut ? "timed-out" : "failed";
    const { outputTokens } = request;
    this.#tell(request.origin, seen, { nowNs, retryAfterNs: 0, outputTokens });
  }

  /** What is due now, one thing at a time: a newcomer before those that come from the edge. */
  #advance(nowNs: number, client: number): void {
    if (this.#nextArrivalNs(client) <= nowNs) {
      this.#arrive(nowNs, client);
    } else if (this.#edges[client]!.nextNs <= nowNs) {
      this.#submit(nowNs, this.#edges[client]!.take()!);
    }
    this.#schedule(client);
  }

  #arrive(nowNs: number, client: number): void {
    const edge = this.#edges[client]!;
    const sent: Sent = {
      client,
      arrival: this.#parts.clients[client]!.take(),
      arrivalNs: nowNs,
      leavesEdgeNs: edge.leavesNs(nowNs, this.#edgeNs(client)),
    };
    this.#submitted += 1;
    this.sentByClient[client]! += 1;
    this.#lastArrivalNs = nowNs;
    const isThrough = sent.leavesEdgeNs === nowNs && edge.nextNs === Infinity;
    if (isThrough) this.#submit(nowNs, sent);
    else edge.hold(sent);
  }

  /** When the client's next request arrives; Infinity once as many have been sent as there may be. */
  #nextArrivalNs(client: number): number {
    const { clients, maxRequests } = this.#parts;
    return this.#submitted < maxRequests ? clients[client]!.nextArrivalNs : Infinity;
  }

  /** How long a request that arrives now is at the edge of its pool. */
  #edgeNs(client: number): number {
    const { replicas, servingReplicas, config } =
      this.#parts.engine.schedulers[this.#parts.configs[client]!.pool]!;
    const { requestNs, runningNs } = config.edgeOverhead;
    if (runningNs === 0) return requestNs;
    const { bound } = replicas[0]!.poolLoad;
    return requestNs + Math.round((runningNs * bound) / Math.max(1, servingReplicas));
  }

  #submit(nowNs: number, sent: Sent): void {
    const { configs, engine } = this.#parts;
    const { client, arrival, arrivalNs } = sent;
    const { tenant, pool } = configs[client]!;
    const admission = engine.submit(nowNs, {
      origin: sent,
      tenant,
      pool,
      arrivalNs,
      promptTokens: arrival.promptTokens,
      maxOutputTokens: arrival.maxOutputTokens,
      adapter: arrival.adapter,
      segments: arrival.segments,
    });
    this.#parts.onSubmitted(nowNs, sent, admission);
    if (admission.kind === "accepted") {
      this.#pending[client]!.add(admission.request);
      this.#scheduleTimeout(client);
    } else {
      const { retryAfterNs } = admission;
      this.#tell(sent, isRetryable(admission.reason) ? "rejected" : "refused", {
        nowNs,
        retryAfterNs: retryAfterNs === Infinity ? 0 : retryAfterNs,
        outputTokens: 0,
      });
    }
  }

  #giveUp(nowNs: number, client: number): void {
    const request = this.#pending[client]!.takeOldest();
    if (request !== undefined) {
      this.#givenUp.add(request);
      this.#parts.engine.cancel(nowNs, request);
    }
    this.#scheduleTimeout(client);
  }

  #tell(sent: Sent, seen: AttemptOutcome, end: AttemptEnd): void {
    const client = this.#parts.clients[sent.client]!;
    const beforeNs = client.nextArrivalNs;
    client.ended(sent.arrival, seen, end);
    if (client.nextArrivalNs !== beforeNs) this.#schedule(sent.client);
  }

  #schedule(client: number): void {
    const { events } = this.#parts;
    events.schedule(this.#sources[client]!, Math.max(this.#nextNs(client), events.nowNs));
  }

  #nextNs(client: number): number {
    return Math.min(this.#nextArrivalNs(client), this.#edges[client]!.nextNs);
  }

  #scheduleTimeout(client: number): void {
    const pending = this.#pending[client]!;
    if (pending.timeoutNs === Infinity) return;
    const oldest = pending.oldest();
    const { events } = this.#parts;
    const dueNs = oldest === undefined ? Infinity : oldest.arrivalNs + pending.timeoutNs;
    events.schedule(this.#timeoutSources[client]!, Math.max(dueNs, events.nowNs));
  }
}
