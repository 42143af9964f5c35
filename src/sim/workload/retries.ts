/**
 * When an unsuccessful attempt is tried again: exponential back-off with jitter, and never before the server said.
 * Holds the retries that wait; each stands for one request that would otherwise be in flight, so their number is
 * bounded by what the client sends within its longest back-off.
 */
import { assert } from "../../base/assert.ts";
import { Heap } from "../../base/heap.ts";
import type { RandomStream } from "../../base/random.ts";
import type { RetryConfig } from "../../scenario/scenario.ts";
import type { Arrival } from "./client.ts";

interface Waiting {
  readonly arrival: Arrival;
  readonly order: number;
}

export class Retries {
  /** When the next retry arrives; Infinity without one. */
  nextNs = Infinity;
  readonly #config: RetryConfig;
  readonly #random: RandomStream;
  readonly #waiting = new Heap<Waiting>(isBefore);
  #planned = 0;

  constructor(config: RetryConfig, random: RandomStream) {
    this.#config = config;
    this.#random = random;
  }

  take(): Arrival {
    const waiting = this.#waiting.pop();
    assert(waiting !== undefined, "a retry is waiting");
    this.nextNs = this.#waiting.peek()?.arrival.timeNs ?? Infinity;
    return waiting.arrival;
  }

  /** Plans the next attempt after one that did not succeed; false when the client has none left. */
  plan(failed: Arrival, when: { nowNs: number; retryAfterNs: number }): boolean {
    if (failed.attempt >= this.#config.attempts) return false;
    const waitNs = Math.max(this.#backoffNs(failed.attempt), when.retryAfterNs);
    const arrival = {
      ...failed,
      timeNs: Math.ceil(when.nowNs + waitNs),
      attempt: failed.attempt + 1,
    };
    this.#waiting.push({ arrival, order: this.#planned++ });
    this.nextNs = Math.min(this.nextNs, arrival.timeNs);
    return true;
  }

  /** The jitter lies around the back-off and is drawn for every retry, so that retry-after shifts no other draw. */
  #backoffNs(attempt: number): number {
    const { backoffNs, maxBackoffNs, jitter } = this.#config;
    let baseNs = Math.min(backoffNs, maxBackoffNs);
    for (let i = 0; i < attempt && baseNs < maxBackoffNs && baseNs > 0; i++) {
      baseNs = Math.min(2 * baseNs, maxBackoffNs);
    }
    return baseNs * (1 + jitter * (this.#random() - 0.5));
  }
}

function isBefore(a: Waiting, b: Waiting): boolean {
  if (a.arrival.timeNs !== b.arrival.timeNs) return a.arrival.timeNs < b.arrival.timeNs;
  return a.order < b.order;
}
