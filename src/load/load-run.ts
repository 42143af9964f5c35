/**
 * Plays a scenario's workload against a server in real time, open-loop: every request is sent at the time its client
 * intends, whatever became of those before, and is measured from that time, so that a server that falls behind cannot slow
 * the load down or hide its queue. The clients are the simulator's own, with the same random streams.
 */
import { performance } from "node:perf_hooks";
import type { Scenario, TraceConfig } from "../scenario/scenario.ts";
import type { Client, TraceReader } from "../sim/workload/client.ts";
import { createClient } from "../sim/workload/clients.ts";
import { PromptStreams } from "../sim/workload/prompt-streams.ts";
import { Attempt, type AttemptEnd } from "./attempt.ts";
import { Connections } from "./connections.ts";
import { GeneratorHealth } from "./health.ts";
import { Pacer } from "./pacer.ts";
import { Recorder, type SentRequest } from "./recorder.ts";
import { type Plan, RequestBodies } from "./request-bodies.ts";

/** Requests in flight at most: each holds a connection. Beyond it sending waits, and the lag says so. */
const MOST_IN_FLIGHT = 20_000;
/** Requests sent in one turn of the event loop, before answers are read again. */
const MOST_SENT_AT_ONCE = 32;
const SLICES_EVERY_MS = 50;
const PROGRESS_EVERY_MS = 200;

export interface LoadHooks {
  readonly openTrace: (trace: TraceConfig) => TraceReader;
  /** Share done, by time or requests, whichever ends the run first. */
  readonly onProgress?: (share: number, inFlight: number) => void;
}

/** What a load came to. */
export interface LoadOutcome {
  readonly recorder: Recorder;
  readonly health: GeneratorHealth;
  readonly endNs: number;
  /** Until when requests were sent. */
  readonly windowNs: number;
  readonly skippedTraceRows: number;
  readonly isComplete: boolean;
}

interface Flight {
  readonly client: number;
  readonly request: SentRequest;
  readonly attempt: Attempt;
  readonly timeout: NodeJS.Timeout | undefined;
}

export class LoadRun {
  readonly #scenario: Scenario;
  readonly #hooks: LoadHooks;
  readonly #clients: readonly Client[];
  readonly #readers: TraceReader[] = [];
  readonly #connections: Connections;
  readonly #bodies: RequestBodies;
  readonly #recorder: Recorder;
  readonly #health = new GeneratorHealth();
  readonly #flights = new Set<Flight>();
  readonly #pacer = new Pacer(
    () => this.#nowNs(),
    () => this.#sendDue(),
  );
  #originMs = 0;
  #sent = 0;
  #lastArrivalNs = 0;
  #isStopped = false;
  #onOver: (() => void) | undefined;
  #onFault: ((error: unknown) => void) | undefined;

  /** Fails: whatever `openTrace` throws. */
  constructor(scenario: Scenario, plan: Plan, hooks: LoadHooks) {
    this.#scenario = scenario;
    this.#hooks = hooks;
    const { platform, simulation } = scenario;
    this.#connections = new Connections(plan.origin);
    this.#bodies = new RequestBodies(scenario, plan);
    this.#recorder = new Recorder(scenario);
    const promptStreams = new PromptStreams();
    this.#clients = scenario.clients.map((config) =>
      createClient(config, {
        promptStreams,
        seed: simulation.seed,
        tenantName: platform.tenants[config.tenant]!.name,
        durationNs: simulation.durationNs,
        openTrace: (trace) => this.#open(trace),
      }),
    );
  }

  /** Plays the workload to its end, or until it is stopped, and waits for the last answer. Once. */
  async play(): Promise<LoadOutcome> {
    const recorder = this.#recorder;
    await this.#connections.warmUp(this.#bodies.probe());
    this.#originMs = performance.now();
    const slices = setInterval(() => recorder.closeSlices(this.#nowNs()), SLICES_EVERY_MS);
    const progress = setInterval(() => this.#tellProgress(), PROGRESS_EVERY_MS);
    this.#health.start();
    try {
      await new Promise<void>((resolve, reject) => {
        this.#onOver = resolve;
        this.#onFault = reject;
        this.#goOn();
      });
    } finally {
      clearInterval(slices);
      clearInterval(progress);
      this.#health.stop();
    }
    const endNs = this.#nowNs();
    recorder.closeSlices(endNs);
    recorder.closeSlice();
    await this.#connections.close();
    const skippedTraceRows = this.#readers.reduce((sum, { skippedRows }) => sum + skippedRows, 0);
    return {
      recorder,
      health: this.#health,
      endNs,
      windowNs: this.#windowNs(),
      skippedTraceRows,
      isComplete: !this.#isStopped,
    };
  }

  /** Sends nothing more and waits for what is in flight; asked a second time, gives that up as well. */
  stop(): void {
    const isSecond = this.#isStopped;
    this.#isStopped = true;
    if (isSecond) for (const { attempt } of this.#flights) attempt.giveUp();
    this.#goOn();
  }

  #open(trace: TraceConfig): TraceReader {
    const reader = this.#hooks.openTrace(trace);
    this.#readers.push(reader);
    return reader;
  }

  #nowNs(): number {
    return Math.round((performance.now() - this.#originMs) * 1e6);
  }

  /** As simulations count it: the stated duration, or the last arrival where something else ended the run. */
  #windowNs(): number {
    const { durationNs, maxRequests } = this.#scenario.simulation;
    const isCut = this.#isStopped || this.#sent >= maxRequests || durationNs === Infinity;
    return isCut ? this.#lastArrivalNs : durationNs;
  }

  /** When the next request is due; Infinity when none is known or wanted. */
  #nextNs(): number {
    if (this.#isStopped || this.#sent >= this.#scenario.simulation.maxRequests) return Infinity;
    let nextNs = Infinity;
    for (const { nextArrivalNs } of this.#clients) nextNs = Math.min(nextNs, nextArrivalNs);
    return nextNs;
  }

  /** Waits for the next request, or ends the run when there is nothing to wait for. */
  #goOn(): void {
    const nextNs = this.#nextNs();
    this.#pacer.arm(this.#flights.size < MOST_IN_FLIGHT ? nextNs : Infinity);
    if (nextNs === Infinity && this.#flights.size === 0) this.#onOver?.();
  }

  #sendDue(): void {
    const nowNs = this.#nowNs();
    for (let count = 0; count < MOST_SENT_AT_ONCE; count++) {
      const nextNs = this.#nextNs();
      if (nextNs > nowNs || this.#flights.size >= MOST_IN_FLIGHT) break;
      this.#send(this.#clients.findIndex(({ nextArrivalNs }) => nextArrivalNs === nextNs));
    }
    this.#goOn();
  }

  #send(client: number): void {
    const config = this.#scenario.clients[client]!;
    const arrival = this.#clients[client]!.take();
    const number = this.#sent;
    this.#sent += 1;
    this.#lastArrivalNs = arrival.timeNs;
    const request = this.#recorder.sent(config, arrival, number);
    const connection = this.#connections.take();
    const attempt = new Attempt({
      ...this.#bodies.write(config, arrival, number),
      hasAdapter: arrival.adapter !== undefined,
      nowNs: () => this.#nowNs(),
      onFirstOutput: (nowNs) => this.#guard(() => this.#recorder.firstOutput(request, nowNs)),
      onEnd: (end) => {
        this.#connections.giveBack(connection);
        this.#guard(() => this.#ended(flight, end));
      },
    });
    const { timeoutNs } = config;
    const timeout =
      timeoutNs === Infinity
        ? undefined
        : setTimeout(() => attempt.giveUp(), Math.ceil(timeoutNs / 1e6));
    const flight: Flight = { client, request, attempt, timeout };
    this.#flights.add(flight);
    attempt.send(connection);
    this.#health.sent(this.#nowNs() - arrival.timeNs, this.#flights.size);
  }

  #ended(flight: Flight, end: AttemptEnd): void {
    const nowNs = this.#nowNs();
    const { client, request, attempt, timeout } = flight;
    clearTimeout(timeout);
    this.#flights.delete(flight);
    const { answer } = attempt;
    const { seen, retryAfterNs } = this.#recorder.ended(nowNs, request, { answer, end });
    const { outputTokens } = request;
    this.#clients[client]!.ended(request.origin, seen, { nowNs, retryAfterNs, outputTokens });
    this.#goOn();
  }

  /** The HTTP client swallows what its callbacks throw, and a run that swallowed a bug would never end. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#onFault?.(error);
    }
  }

  #tellProgress(): void {
    const { durationNs, maxRequests } = this.#scenario.simulation;
    const share = Math.max(this.#nowNs() / durationNs, this.#sent / maxRequests);
    this.#hooks.onProgress?.(Math.min(1, share), this.#flights.size);
  }
}
