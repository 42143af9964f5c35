/**
 * Lets the collector of results watch a live run: the same counts by the same code as in a simulation. Slices of its timeline
 * end by the run's time, at the first thing that happens after their end or at the next tick, whichever comes first. Keeps
 * the newest events beside it, since the collector keeps the oldest, and the last minutes for the dashboard.
 */
import type { PlatformConfig } from "../../engine/config.ts";
import type { EngineEvent } from "../../engine/effects.ts";
import type { Admission, Outcome } from "../../engine/request.ts";
import type { Collector, TimedEvent } from "../../results/collector.ts";
import type { LiveRequest } from "../backends/backend.ts";
import type { Driver } from "../driver.ts";
import type { Exchange } from "../exchange.ts";
import type { Observer } from "../observer.ts";
import { RecentActivity } from "./recent.ts";

/** Slices begin at 250 ms, so an idle run ends each in time. */
const TICK_MS = 250;
const MOST_RECENT_EVENTS = 50;

export class Collecting implements Observer {
  readonly collector: Collector;
  readonly recent: RecentActivity;
  /** The newest last. */
  readonly events: TimedEvent[] = [];
  #driver: Driver | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(collector: Collector) {
    this.collector = collector;
    this.recent = new RecentActivity(collector.platform);
  }

  /** Begins to sample the driver's engine; until then only events are gathered. Call it once, when the driver exists. */
  attach(driver: Driver): void {
    this.#driver = driver;
    this.#timer = setInterval(() => this.tick(), TICK_MS);
    this.#timer.unref();
  }

  /** Brings the timelines up to the present: before results are built, too. */
  tick(): void {
    this.#driver?.inspect((engine, nowNs) => {
      this.#sample(nowNs);
      this.recent.sample(nowNs, engine);
    });
  }

  /** Stops ticking; what was gathered stays. */
  close(): void {
    this.tick();
    clearInterval(this.#timer);
  }

  submitted(nowNs: number, exchange: Exchange, admission: Admission<Exchange>): void {
    this.#sample(nowNs);
    this.collector.submitted(nowNs, exchange.tenant, admission);
    this.recent.submitted(nowNs, exchange.tenant, admission);
  }

  firstToken(nowNs: number, request: LiveRequest): void {
    this.#sample(nowNs);
    this.collector.firstToken(request);
    this.recent.firstToken(nowNs, request);
  }

  ended(nowNs: number, request: LiveRequest, outcome: Outcome): void {
    this.#sample(nowNs);
    this.collector.ended(nowNs, request, outcome);
    this.recent.ended(nowNs, request, outcome);
  }

  event(nowNs: number, event: EngineEvent): void {
    this.#sample(nowNs);
    this.collector.event(nowNs, event);
    this.events.push({ timeNs: nowNs, event });
    if (this.events.length > MOST_RECENT_EVENTS) this.events.shift();
  }

  reloaded(platform: PlatformConfig): void {
    this.collector.reloaded(platform);
    this.recent.reloaded(platform);
  }

  /** Ends every slice that is over. Meters are read as they are now: nothing in them can be read back in time. */
  #sample(nowNs: number): void {
    if (this.#driver === undefined) return;
    while (nowNs >= this.collector.timeline.nextSampleNs) {
      this.collector.sample(nowNs, this.#driver.engine);
    }
  }
}
