/**
 * Watches the generator itself: how late it sent, how late its event loop was, how much it had in flight. A load test whose
 * generator is short of processor time measures the generator, so reports say so.
 */
import { performance } from "node:perf_hooks";
import { Histogram } from "../base/histogram.ts";
import { distribution } from "../results/blocks.ts";
import type { LoadBlock } from "../results/results.ts";

/** How often the loop is asked how late it is. */
const PROBE_EVERY_MS = 20;
/** Lateness at P99 up to which a generator has kept up. Assumed: a fifth of the tightest TTFT target of the shipped scenarios. */
const LATE_MS = 10;
const US_PER_MS = 1000;

export class GeneratorHealth {
  mostInFlight = 0;
  readonly #sendLagUs = new Histogram();
  readonly #loopLagUs = new Histogram();
  #timer: NodeJS.Timeout | undefined;

  start(): void {
    const askedMs = performance.now();
    this.#timer = setTimeout(() => {
      const lateMs = Math.max(0, performance.now() - askedMs - PROBE_EVERY_MS);
      this.#loopLagUs.add(lateMs * US_PER_MS);
      this.start();
    }, PROBE_EVERY_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** A request left, this long after it should have, and so many are under way now. */
  sent(lagNs: number, inFlight: number): void {
    this.#sendLagUs.add(Math.max(0, lagNs) / 1000);
    this.mostInFlight = Math.max(this.mostInFlight, inFlight);
  }

  report(): Pick<LoadBlock, "sendLagMs" | "loopLagMsP99" | "keptUp" | "mostInFlight"> {
    const sendLagMs = distribution(this.#sendLagUs);
    const loopLagMsP99 = (this.#loopLagUs.quantile(0.99) ?? 0) / US_PER_MS;
    return {
      sendLagMs,
      loopLagMsP99,
      keptUp: (sendLagMs.p99 ?? 0) <= LATE_MS && loopLagMsP99 <= LATE_MS,
      mostInFlight: this.mostInFlight,
    };
  }
}
