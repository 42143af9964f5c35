/**
 * Drives the engine in real time. Everything that happens (a submission, a client that has gone, an upstream's word, a timer)
 * becomes one engine input at one time, in order of time; what is due before an input happens before it. Submissions
 * wait in a bounded inbox, so that a flood makes the engine late and not wrong. Contains no decision of the platform.
 */
import { assert } from "../base/assert.ts";
import { takeFirst } from "../base/take-first.ts";
import type { PlatformConfig } from "../engine/config.ts";
import type { EngineEffects } from "../engine/effects.ts";
import { Engine } from "../engine/engine.ts";
import type { Outcome } from "../engine/request.ts";
import type { Backend, BackendHost, LiveRequest } from "./backends/backend.ts";
import { Calendar, type Used } from "./calendar.ts";
import type { Clock } from "./clock.ts";
import type { Exchange } from "./exchange.ts";
import type { JournalWriter } from "./journal/writer.ts";
import type { EngineInputs, ScenarioSource } from "./inputs.ts";
import { LedgerGroup } from "./ledger-group.ts";
import type { LedgerSink } from "./ledger.ts";
import type { Observer } from "./observer.ts";

/** Idle time and adapters are charged this often: what a crash could lose of them. */
const STANDING_EVERY_NS = 10_000_000_000;
/** How much later than asked a timer may come: libuv counts whole milliseconds. */
const TIMER_LATENESS_MS = 1.5;
/** Rounds of events that were not due when the round began: a backend without latency makes them for ever. */
const MOST_ROUNDS = 64;

export interface DriverParts {
  readonly platform: PlatformConfig;
  readonly backend: Backend;
  readonly clock: Clock;
  readonly ledger: LedgerSink;
  readonly observers: readonly Observer[];
  readonly journal: JournalWriter | undefined;
  readonly limits: { readonly maxInbox: number; readonly maxLagNs: number };
  /** What tenants had used of the present day and month before this start. */
  readonly used: Used | undefined;
  /** False while what is taken in could not be accounted for. */
  readonly mayTakeIn: () => boolean;
}

type Waiting =
  | { readonly kind: "submit"; readonly atNs: number; readonly exchange: Exchange }
  | { readonly kind: "cancel"; readonly atNs: number; readonly exchange: Exchange };

export class Driver {
  readonly engine: Engine<Exchange>;
  readonly #parts: DriverParts;
  /** The engine, or the journal in front of it: whatever goes in goes in here. */
  readonly #inputs: EngineInputs;
  readonly #group: LedgerGroup;
  readonly #calendar: Calendar;
  /** Requests that have not ended, by their exchange, and exchanges by their request's number. */
  readonly #requests = new Map<Exchange, LiveRequest>();
  readonly #exchanges = new Map<number, Exchange>();
  #inbox: Waiting[] = [];
  #nowNs = 0;
  #wakeNs = Infinity;
  #standingNs = STANDING_EVERY_NS;
  #flushNs = Infinity;
  #lagNs = 0;
  #isInside = false;
  #isStopped = false;
  #isDrainPlanned = false;
  #timer: NodeJS.Timeout | undefined;
  #timerNs = Infinity;

  constructor(parts: DriverParts) {
    this.#parts = parts;
    const { platform, backend, clock, journal } = parts;
    this.#group = new LedgerGroup({ ...parts, platform: () => this.engine.platform });
    const effects = this.#effects();
    this.engine = new Engine(platform, journal?.effects(effects) ?? effects, backend.meters);
    this.#inputs = journal?.inputs(this.engine) ?? this.engine;
    this.#calendar = new Calendar(clock.startedAtMs);
    this.#calendar.begin(this.#inputs, parts.used);
    backend.start(this.#host());
    this.#settle();
  }

  /** How late the newest submission reached the engine, ns. */
  get lagNs(): number {
    return this.#lagNs;
  }

  get inboxSize(): number {
    return this.#inbox.length;
  }

  /** Time of the last input, ns. */
  get nowNs(): number {
    return this.#nowNs;
  }

  /** Hands a submission in; false when too much waits already. The answer comes through `exchange.admitted`. */
  submit(exchange: Exchange): boolean {
    const { maxInbox, maxLagNs } = this.#parts.limits;
    const isBehind = this.#inbox.length >= maxInbox || this.#lagNs > maxLagNs;
    if (isBehind || this.#isStopped || !this.#parts.mayTakeIn()) return false;
    this.#inbox.push({ kind: "submit", atNs: this.#parts.clock.nowNs(), exchange });
    this.#drainSoon();
    return true;
  }

  /** The exchange's client has gone; does nothing when it has ended. */
  cancel(exchange: Exchange): void {
    this.#inbox.push({ kind: "cancel", atNs: this.#parts.clock.nowNs(), exchange });
    this.#drainSoon();
  }

  /** Runs something between inputs, at the present time: reads of the engine that must not see half an input. */
  inspect<T>(look: (engine: Engine<Exchange>, nowNs: number) => T): T {
    this.#enter(() => {});
    return look(this.engine, this.#nowNs);
  }

  /** Replaces the platform: all of it, or nothing and the reason why not. */
  reload(
    platform: PlatformConfig,
    source: ScenarioSource,
  ): { readonly refused: string } | undefined {
    let refusal: { readonly refused: string } | undefined;
    this.#enter((nowNs) => {
      refusal = this.#inputs.reload(nowNs, platform, source);
      if (refusal === undefined) {
        for (const observer of this.#parts.observers) observer.reloaded(this.engine.platform);
      }
    });
    return refusal;
  }

  /** Settles what is owed and stops; what is in flight is not waited for. Resolves when all of it is durable. */
  async stop(): Promise<void> {
    this.#enter((nowNs) => this.#inputs.settleStanding(nowNs));
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#parts.backend.close();
    this.#group.flush();
    await this.#group.idle();
    await this.#parts.journal?.close();
  }

  #host(): BackendHost {
    return {
      enter: (report) => this.#enter(report),
      listener: this.#inputs,
    };
  }

  #enter(report: (nowNs: number) => void): void {
    if (this.#isStopped) return;
    assert(!this.#isInside, "an input from inside an input");
    this.#catchUp(this.#parts.clock.nowNs());
    this.#inside(() => report(this.#nowNs));
    this.#settle();
  }

  #inside(work: () => void): void {
    this.#isInside = true;
    try {
      work();
    } finally {
      this.#isInside = false;
    }
  }

  #drainSoon(): void {
    if (this.#isDrainPlanned) return;
    this.#isDrainPlanned = true;
    setImmediate(() => {
      this.#isDrainPlanned = false;
      if (!this.#isStopped) this.#drain();
    });
  }

  /** Takes everything out of the inbox in order, then whatever has become due. */
  #drain(): void {
    const startedNs = this.#parts.clock.nowNs();
    this.#lagNs = 0;
    for (let item = takeFirst(this.#inbox); item !== undefined; item = takeFirst(this.#inbox)) {
      this.#lagNs = Math.max(this.#lagNs, startedNs - item.atNs);
      this.#catchUp(item.atNs);
      const { kind, exchange } = item;
      this.#inside(() =>
        kind === "submit" ? this.#submitNow(exchange) : this.#cancelNow(exchange),
      );
    }
    this.#catchUp(this.#parts.clock.nowNs());
    this.#settle();
  }

  #submitNow(exchange: Exchange): void {
    const admission = this.#inputs.submit(this.#nowNs, {
      origin: exchange,
      tenant: exchange.tenant,
      pool: exchange.pool,
      promptTokens: exchange.promptTokens,
      maxOutputTokens: exchange.maxOutputTokens,
      adapter: exchange.adapterIndex,
    });
    if (admission.kind === "accepted") {
      this.#requests.set(exchange, admission.request);
      this.#exchanges.set(admission.request.number, exchange);
    }
    for (const observer of this.#parts.observers) {
      observer.submitted(this.#nowNs, exchange, admission);
    }
    exchange.admitted(admission);
  }

  #cancelNow(exchange: Exchange): void {
    const request = this.#requests.get(exchange);
    if (request !== undefined) this.#inputs.cancel(this.#nowNs, request);
  }

  /** Runs everything due up to `untilNs`, in order of time, and moves the engine's time there. */
  #catchUp(untilNs: number): void {
    for (let dueNs = this.#nextNs(); dueNs <= untilNs; dueNs = this.#nextNs()) {
      this.#nowNs = Math.max(this.#nowNs, dueNs);
      this.#inside(() => this.#runDue(this.#nowNs));
    }
    this.#nowNs = Math.max(this.#nowNs, untilNs);
  }

  #nextNs(): number {
    return Math.min(
      this.#parts.backend.nextEventNs,
      this.#wakeNs,
      this.#calendar.nextNs,
      this.#standingNs,
    );
  }

  #runDue(nowNs: number): void {
    const { backend } = this.#parts;
    if (this.#calendar.nextNs <= nowNs) this.#calendar.turn(this.#inputs);
    else if (backend.nextEventNs <= nowNs) backend.advance(backend.nextEventNs);
    else if (this.#wakeNs <= nowNs) {
      this.#wakeNs = Infinity;
      this.#inputs.wake(nowNs);
    } else {
      this.#standingNs = nowNs + STANDING_EVERY_NS;
      this.#inputs.settleStanding(nowNs);
    }
  }

  /** After inputs: what became due meanwhile, output, durability, the journal, the next timer. */
  #settle(): void {
    const { clock, backend, journal } = this.#parts;
    for (let round = 0; round < MOST_ROUNDS && this.#nextNs() <= clock.nowNs(); round++) {
      this.#catchUp(clock.nowNs());
    }
    if (this.#flushNs <= this.#nowNs || this.#flushNs === Infinity) {
      this.#flushNs = backend.flush(this.#nowNs);
    }
    this.#group.flush();
    journal?.flush();
    this.#arm();
  }

  /**
   * One timer for whatever comes next. Timers are late by a millisecond or so; what the backend's clock says (a first token)
   * is awaited from turn to turn of the event loop over that last stretch, with everything else running in between.
   */
  #arm(): void {
    const backendNs = this.#parts.backend.nextEventNs;
    const nextNs = Math.min(this.#nextNs(), this.#flushNs);
    const leftMs = (nextNs - this.#parts.clock.nowNs()) / 1e6;
    if (nextNs === backendNs && leftMs < TIMER_LATENESS_MS) {
      this.#drainSoon();
      return;
    }
    const early = nextNs === backendNs ? TIMER_LATENESS_MS : 0;
    if (nextNs === this.#timerNs && this.#timer !== undefined) return;
    clearTimeout(this.#timer);
    this.#timerNs = nextNs;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        if (!this.#isStopped) this.#drain();
      },
      Math.min(Math.max(Math.ceil(leftMs - early), 1), 60_000),
    );
  }

  #effects(): EngineEffects<Exchange> {
    const { backend, observers } = this.#parts;
    return {
      join: (nowNs, replica, slot, request) => backend.join(nowNs, replica, slot, request),
      evict: (nowNs, replica, slot) => backend.evict(nowNs, replica, slot),
      loadAdapter: (nowNs, replica, adapter, bytes) =>
        backend.loadAdapter(nowNs, replica, adapter, bytes),
      unloadAdapter: (nowNs, replica, adapter) => backend.unloadAdapter(nowNs, replica, adapter),
      askBoundary: (nowNs, replica, step) => backend.askBoundary(nowNs, replica, step),
      provision: (nowNs, replica) => backend.provision(nowNs, replica),
      release: (nowNs, replica) => backend.release(nowNs, replica),
      wakeAt: (timeNs) => {
        this.#wakeNs = timeNs;
      },
      firstToken(nowNs, request) {
        for (const observer of observers) observer.firstToken(nowNs, request);
      },
      ended: (nowNs, request, outcome) => this.#ended(nowNs, request, outcome),
      charged: (nowNs, charge) =>
        this.#group.charged(
          nowNs,
          charge,
          charge.request === undefined ? undefined : this.#exchanges.get(charge.request),
        ),
      event(nowNs, event) {
        for (const observer of observers) observer.event(nowNs, event);
      },
    };
  }

  #ended(nowNs: number, request: LiveRequest, outcome: Outcome): void {
    this.#requests.delete(request.origin);
    this.#exchanges.delete(request.number);
    for (const observer of this.#parts.observers) observer.ended(nowNs, request, outcome);
    this.#group.ended(nowNs, request, outcome);
  }
}
