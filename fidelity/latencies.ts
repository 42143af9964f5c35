/** What a client sees of requests, as latencies: the same rule for measured and simulated ones. */
import type { Latencies } from "./measured.ts";
import { summarize } from "./statistics.ts";

/** A request that completed, in its client's eyes. */
export interface Seen {
  readonly ttftMs: number;
  readonly e2eMs: number;
  /** Tokens of the answer. */
  readonly outputTokens: number;
}

/** Nothing where no request completed. Bounds: every answer has at least two tokens. */
export function latenciesOf(requests: readonly Seen[]): Latencies {
  if (requests.length === 0) return { ttft: {}, e2e: {}, tpot: {} };
  return {
    ttft: summarize(requests.map(({ ttftMs }) => ttftMs)),
    e2e: summarize(requests.map(({ e2eMs }) => e2eMs)),
    tpot: summarize(requests.map((one) => (one.e2eMs - one.ttftMs) / (one.outputTokens - 1))),
  };
}
