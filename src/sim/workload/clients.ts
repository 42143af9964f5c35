/**
 * Makes a client out of its configuration: a source of first attempts (random process, users, trace) with retries laid
 * over it. Every purpose draws from a stream of its own, named after tenant and client, so that adding a client, an
 * adapter or a retry leaves all other draws as they were.
 */
import { assert, unreachable } from "../../base/assert.ts";
import { randomStream } from "../../base/random.ts";
import type { ClientConfig, TraceConfig } from "../../scenario/scenario.ts";
import { createArrivalTimes } from "./arrivals.ts";
import type { Arrival, AttemptOutcome, Client, TraceReader } from "./client.ts";
import { gammaGap } from "./gaps.ts";
import { ProcessSource } from "./process-source.ts";
import { drawnRequests, shapedRequests } from "./requests.ts";
import type { RequestSource, StreamFor } from "./requests.ts";
import { Retries } from "./retries.ts";
import { TraceSource } from "./trace-source.ts";
import { UserSource } from "./user-source.ts";

/**
 * Least time in which a user takes in that a request failed and sends another. Assumed: a round trip inside a region;
 * it matters only to users without think time who are refused at once, whom it keeps from asking without end in no time.
 */
const MIN_REFUSED_NS = 1_000_000;

interface ClientDeps {
  readonly seed: number;
  readonly tenantName: string;
  readonly openTrace: (trace: TraceConfig) => TraceReader;
  /** First attempts at or after this time do not happen; retries of earlier ones may. */
  readonly durationNs: number;
}

/**
 * Makes a client.
 *
 * Fails: AssertionError on a configuration the loader should have refused; whatever `openTrace` throws.
 */
export function createClient(config: ClientConfig, deps: ClientDeps): Client {
  const streamFor: StreamFor = (purpose) =>
    randomStream(deps.seed, `${deps.tenantName}/${config.name}/${purpose}`);
  const source = createSource(config, deps, streamFor);
  return new RetryingClient(source, new Retries(config.retry, streamFor("retry")));
}

function createSource(config: ClientConfig, deps: ClientDeps, streamFor: StreamFor): RequestSource {
  const { arrivals } = config;
  const endNs = deps.durationNs;
  switch (arrivals.kind) {
    case "poisson":
    case "gamma":
    case "weibull":
    case "constant":
    case "on-off": {
      const streams = { gaps: streamFor("arrivals"), sojourns: streamFor("sojourns") };
      const times = createArrivalTimes(arrivals, streams, endNs);
      return new ProcessSource(times, drawnRequests(config, streamFor));
    }
    case "closed-loop": {
      const { users: count, thinkMeanNs, thinkCv } = arrivals;
      const drawThink = gammaGap(thinkCv, streamFor("think"));
      const users = { count, thinkMeanNs, drawThink, endNs };
      return new UserSource(users, drawnRequests(config, streamFor));
    }
    case "trace": {
      const reader = deps.openTrace(arrivals.trace);
      const source = { config: arrivals.trace, reader, endNs };
      return new TraceSource(source, shapedRequests(config, streamFor));
    }
    default:
      return unreachable(arrivals);
  }
}

class RetryingClient implements Client {
  /** Kept as a field: the driver reads it several times per event. */
  nextArrivalNs: number;
  readonly #source: RequestSource;
  readonly #retries: Retries;

  constructor(source: RequestSource, retries: Retries) {
    this.#source = source;
    this.#retries = retries;
    this.nextArrivalNs = source.nextNs;
  }

  take(): Arrival {
    assert(this.nextArrivalNs !== Infinity, "an arrival is known");
    // A retry goes before a new request of the same time: its request has waited longer.
    const isRetry = this.#retries.nextNs <= this.#source.nextNs;
    const arrival = isRetry ? this.#retries.take() : this.#source.take();
    this.#update();
    return arrival;
  }

  ended(
    arrival: Arrival,
    outcome: AttemptOutcome,
    when: { nowNs: number; retryAfterNs: number },
  ): void {
    assert(when.nowNs >= arrival.timeNs, "an attempt ends after it arrived");
    if (outcome === "completed") {
      this.#source.finished(when.nowNs);
    } else if (outcome === "refused" || !this.#retries.plan(arrival, when)) {
      this.#source.finished(when.nowNs + Math.max(when.retryAfterNs, MIN_REFUSED_NS));
    }
    this.#update();
  }

  #update(): void {
    this.nextArrivalNs = Math.min(this.#source.nextNs, this.#retries.nextNs);
  }
}
