/**
 * Runs a scenario: engine, simulated cluster and clients on one virtual clock, from the first arrival to the end of the last
 * request. Synchronous and deterministic; the caller brings what needs a machine (files, a progress bar, a version).
 */
import { assert } from "../base/assert.ts";
import type { EngineEffects } from "../engine/effects.ts";
import { Engine } from "../engine/engine.ts";
import type { Admission, Outcome, RejectReason, Request } from "../engine/request.ts";
import type { Departure, MeterReading, ReplicaListener } from "../replica/port.ts";
import type { StepMeter } from "../replica/step-meter.ts";
import { Collector } from "../results/collector.ts";
import type { Scenario, TraceConfig } from "../scenario/scenario.ts";
import { SimulatedCluster, type Sent, createMeters } from "./cluster.ts";
import type { ClusterConfig } from "./cluster.ts";
import { EventQueue } from "./event-queue.ts";
import { planFaults } from "./faults.ts";
import { Traffic } from "./traffic.ts";
import type { Client, TraceReader } from "./workload/client.ts";
import { createClient } from "./workload/clients.ts";
import { PromptStreams } from "./workload/prompt-streams.ts";

const NS_PER_DAY = 86_400_000_000_000;
/** Days in a simulated month. */
const DAYS_PER_MONTH = 30;
/** Events between two looks at the progress: some tens of milliseconds of work. */
const PROGRESS_EVENTS = 32_768;

/** One request's fate, for requests.csv. */
export interface RequestRecord {
  readonly nowNs: number;
  readonly sent: Sent;
  /** Undefined when it was refused. */
  readonly request: Request<Sent> | undefined;
  readonly outcome: Outcome | "rejected";
  readonly reason: RejectReason | undefined;
}

export interface SimulationHooks {
  readonly openTrace: (trace: TraceConfig) => TraceReader;
  /**
   * Called now and then with the share done (by time or requests, whichever ends the run first; 0 where only a trace's end
   * ends it), and the requests so far.
   */
  readonly onProgress?: (share: number, requests: number) => void;
  readonly onRequest?: (record: RequestRecord) => void;
  /** Called after every event, for tests. */
  readonly afterEvent?: (engine: Engine<Sent>, nowNs: number) => void;
  /** Handed the replicas' meters before the first event. */
  readonly onMeters?: (meters: readonly MeterReading[]) => void;
  /** The attribution audit's: a hidden truth for every replica, and every stay as it ends. */
  readonly truthOf?: ClusterConfig["truthOf"];
  readonly onStay?: (request: Request<Sent>, replica: number, departure: Departure) => void;
}

export interface SimulationRun {
  readonly engine: Engine<Sent>;
  readonly collector: Collector;
  /** When the last request ended. */
  readonly endNs: number;
  /** Until when requests arrived: what rates are taken over. What was still in flight then has been worked off since. */
  readonly windowNs: number;
  /** Per pool, when its account was closed: at the end of arrivals, or when it had worked off what was left. */
  readonly poolEndsNs: readonly number[];
  readonly skippedTraceRows: number;
  /** Requests of each client, in the scenario's order. */
  readonly sentByClient: readonly number[];
}

/**
 * Simulates the scenario to its end.
 * Fails: whatever `openTrace` throws (a trace that cannot be read); AssertionError on a bug.
 */
export function runSimulation(scenario: Scenario, hooks: SimulationHooks): SimulationRun {
  const { platform, simulation } = scenario;
  const collector = new Collector(platform, simulation.warmupNs);
  const meters = createMeters(platform.pools);
  hooks.onMeters?.(meters);
  const events = new EventQueue(2 * meters.length + 2 * scenario.clients.length + 8);
  const wake = events.addSource("wake", (nowNs) => engine.wake(nowNs));
  // The engine says nothing but `wakeAt` while it is being made: cluster and traffic may come after it.
  const effects: EngineEffects<Sent> = {
    join: (nowNs, replica, slot, request) => cluster.join(nowNs, replica, slot, request),
    evict: (nowNs, replica, slot) => cluster.evict(nowNs, replica, slot),
    loadAdapter: (nowNs, replica, adapter, bytes) =>
      cluster.loadAdapter(nowNs, replica, adapter, bytes),
    unloadAdapter: (nowNs, replica, adapter) => cluster.unloadAdapter(nowNs, replica, adapter),
    askBoundary: (nowNs, replica, step) => cluster.askBoundary(nowNs, replica, step),
    provision: (nowNs, replica) => cluster.provision(nowNs, replica),
    release: (nowNs, replica) => cluster.release(nowNs, replica),
    wakeAt: (timeNs) => events.schedule(wake, timeNs),
    firstToken: (_nowNs, request) => collector.firstToken(request),
    ended(nowNs, request, outcome) {
      collector.ended(nowNs, request, outcome);
      hooks.onRequest?.({ nowNs, sent: request.origin, request, outcome, reason: undefined });
      traffic.ended(nowNs, request, outcome);
    },
    charged() {},
    event: (nowNs, event) => collector.event(nowNs, event),
  };
  const engine = new Engine<Sent>(platform, effects, meters);
  const cluster = new SimulatedCluster(
    { pools: platform.pools, meters, truthOf: hooks.truthOf },
    events,
    withStays(engine, hooks.onStay),
  );
  scheduleCalendar(engine, events);
  planFaults(scenario, { cluster, events, collector });
  const readers: TraceReader[] = [];
  const clients = createClients(scenario, (trace) => {
    const reader = hooks.openTrace(trace);
    readers.push(reader);
    return reader;
  });
  const traffic = new Traffic({
    configs: scenario.clients,
    clients,
    engine,
    events,
    maxRequests: simulation.maxRequests,
    onSubmitted: (nowNs, sent, admission) => submitted(nowNs, sent, admission),
  });

  function submitted(nowNs: number, sent: Sent, admission: Admission<Sent>): void {
    collector.submitted(nowNs, scenario.clients[sent.client]!.tenant, admission);
    if (admission.kind === "accepted" || hooks.onRequest === undefined) return;
    const { reason } = admission;
    hooks.onRequest({ nowNs, sent, request: undefined, outcome: "rejected", reason });
  }

  scheduleSamples(collector, engine, events);
  runToEnd({ events, engine, traffic, scenario, hooks });
  const endNs = events.nowNs;
  const windowNs = arrivalWindowNs(scenario, traffic);
  const poolEndsNs = closeAccounts(engine, meters, windowNs);
  collector.sample(endNs, engine);
  const skippedTraceRows = readers.reduce((sum, { skippedRows }) => sum + skippedRows, 0);
  const { sentByClient } = traffic;
  return { engine, collector, endNs, windowNs, poolEndsNs, skippedTraceRows, sentByClient };
}

/** Arrivals went on to the stated end, or to the last request where the run is bounded otherwise. */
function arrivalWindowNs({ simulation }: Scenario, traffic: Traffic): number {
  const { durationNs, maxRequests } = simulation;
  const isOpenEnded = durationNs === Infinity || traffic.submitted >= maxRequests;
  return isOpenEnded ? traffic.lastArrivalNs : durationNs;
}

interface Running {
  readonly events: EventQueue;
  readonly engine: Engine<Sent>;
  readonly traffic: Traffic;
  readonly scenario: Scenario;
  readonly hooks: SimulationHooks;
}

/** Until no client will send and nothing is in flight: what is left then (wake-ups, samples) changes nothing. */
function runToEnd({ events, engine, traffic, scenario, hooks }: Running): void {
  const { durationNs, maxRequests } = scenario.simulation;
  let untilProgress = PROGRESS_EVENTS;
  const isUnderWay = (): boolean =>
    engine.requestsInFlight > 0 || traffic.nextArrivalNs !== Infinity;
  while (isUnderWay()) {
    if (!events.runNext()) break;
    hooks.afterEvent?.(engine, events.nowNs);
    untilProgress -= 1;
    if (untilProgress > 0) continue;
    untilProgress = PROGRESS_EVENTS;
    // The last event of all may be the one at which progress is told.
    assert(events.hasWork || !isUnderWay(), "requests wait that nothing will ever serve");
    hooks.onProgress?.(
      Math.min(1, Math.max(events.nowNs / durationNs, traffic.submitted / maxRequests)),
      traffic.submitted,
    );
  }
}

function createClients(
  { clients, platform, simulation }: Scenario,
  open: SimulationHooks["openTrace"],
): Client[] {
  const promptStreams = new PromptStreams();
  return clients.map((config) =>
    createClient(config, {
      promptStreams,
      seed: simulation.seed,
      tenantName: platform.tenants[config.tenant]!.name,
      durationNs: simulation.durationNs,
      openTrace: open,
    }),
  );
}

/** Charges what accrued without requests, each pool up to its own end; returns those ends. */
function closeAccounts(
  engine: Engine<Sent>,
  meters: readonly StepMeter[],
  windowNs: number,
): number[] {
  return engine.schedulers.map((scheduler) => {
    const endNs = scheduler.replicas.reduce(
      (latest, { index }) => Math.max(latest, meters[index]!.lastChangeNs),
      windowNs,
    );
    engine.settlePool(endNs, scheduler);
    return endNs;
  });
}

/** The engine as the replicas' listener; where an audit wants to see stays, it does so before they are charged. */
function withStays(engine: Engine<Sent>, onStay: SimulationHooks["onStay"]): ReplicaListener {
  if (onStay === undefined) return engine;
  return {
    joined: (nowNs, replica, slot, cached) => engine.joined(nowNs, replica, slot, cached),
    firstToken: (nowNs, replica, slot) => engine.firstToken(nowNs, replica, slot),
    left(nowNs, replica, departure) {
      onStay(engine.replicas[replica]!.bound[departure.slot]!, replica, departure);
      engine.left(nowNs, replica, departure);
    },
    adapterLoaded: (nowNs, replica, adapter) => engine.adapterLoaded(nowNs, replica, adapter),
    adapterUnloaded: (nowNs, replica, adapter) => engine.adapterUnloaded(nowNs, replica, adapter),
    pressure: (nowNs, replica) => engine.pressure(nowNs, replica),
    boundary: (nowNs, replica) => engine.boundary(nowNs, replica),
    down: (nowNs, replica, cause) => engine.down(nowNs, replica, cause),
    up: (nowNs, replica) => engine.up(nowNs, replica),
  };
}

/** Simulated days begin at time 0 and every 24 hours; 30 of them are a month. */
function scheduleCalendar(engine: Engine<Sent>, events: EventQueue): void {
  const startDay = (nowNs: number): void => {
    const day = Math.round(nowNs / NS_PER_DAY);
    const month = Math.floor(day / DAYS_PER_MONTH);
    engine.startDay(day, (day + 1) * NS_PER_DAY);
    engine.startMonth(month, (month + 1) * DAYS_PER_MONTH * NS_PER_DAY);
    events.schedule(calendar, (day + 1) * NS_PER_DAY);
  };
  const calendar = events.addSource("calendar", startDay);
  startDay(0);
}

function scheduleSamples(collector: Collector, engine: Engine<Sent>, events: EventQueue): void {
  const sampler = events.addSource("sample", (nowNs) => {
    collector.sample(nowNs, engine);
    events.schedule(sampler, collector.timeline.nextSampleNs);
  });
  events.schedule(sampler, collector.timeline.nextSampleNs);
}
