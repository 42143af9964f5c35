/**
 * Makes a client out of its configuration: a source of first attempts (random process, users, trace) with retries laid
 * over it. Every purpose draws from a stream of its own, named after tenant and client, so that adding a client, an
 * adapter or a retry leaves all other draws as they were.
 */
import { assert, unreachable } from "../../base/assert.ts";
import { randomStream } from "../../base/random.ts";
import type {
  ArrivalConfig,
  ClientConfig,
  ConversationConfig,
  TraceConfig,
} from "../../scenario/scenario.ts";
import { createArrivalTimes } from "./arrivals.ts";
import type { Arrival, AttemptEnd, AttemptOutcome, Client, TraceReader } from "./client.ts";
import { ConversationSource, type Turn } from "./conversation-source.ts";
import { createLengthSampler } from "../../scenario/length-sampler.ts";
import { gammaGap } from "./gaps.ts";
import { ProcessSource } from "./process-source.ts";
import type { PromptStreams } from "./prompt-streams.ts";
import { Prompts } from "./prompts.ts";
import { drawnLengths, shapedRequests } from "./requests.ts";
import type { DrawRequest, LengthDraws, RequestSource, StreamFor } from "./requests.ts";
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
  /** Shared by the clients of a run: what one calls by a name means the same to another. */
  readonly promptStreams: PromptStreams;
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
  const { arrivals, conversation } = config;
  const endNs = deps.durationNs;
  const prompts = new Prompts(config, deps.promptStreams);
  if (arrivals.kind === "trace") {
    const reader = deps.openTrace(arrivals.trace);
    const source = { config: arrivals.trace, reader, prompts, endNs };
    return new TraceSource(source, shapedRequests(config, streamFor));
  }
  const draws = drawnLengths(config, streamFor);
  const shape = shapedRequests(config, streamFor);
  const { systemTokens } = prompts;
  const draw: DrawRequest = (timeNs) => {
    const promptTokens = systemTokens + draws.promptTokens();
    const segments = conversation === undefined ? prompts.single(promptTokens) : prompts.fresh();
    return shape(timeNs, promptTokens, draws.outputTokens(), segments);
  };
  const startsWith = (drawFirst: DrawRequest): RequestSource =>
    drawnSource(arrivals, { streamFor, endNs, draw: drawFirst });
  if (conversation === undefined) return startsWith(draw);
  const drawTurns = drawnTurns(config, conversation, { streamFor, draws });
  const { maxPromptTokens } = conversation;
  return new ConversationSource({ drawTurns, maxPromptTokens, endNs }, draw, startsWith);
}

/** The turns of a conversation after its first. */
function drawnTurns(
  { maxOutputTokens }: ClientConfig,
  conversation: ConversationConfig,
  { streamFor, draws }: { streamFor: StreamFor; draws: LengthDraws },
): () => Turn[] {
  const limit = maxOutputTokens ?? Infinity;
  const drawCount = createLengthSampler(conversation.turns, streamFor("turns"));
  const drawPause = gammaGap(conversation.thinkCv, streamFor("pauses"));
  return () =>
    Array.from({ length: drawCount() - 1 }, () => {
      const promptTokens = draws.promptTokens();
      const outputTokens = Math.min(limit, draws.outputTokens());
      const thinkNs = conversation.thinkMeanNs * drawPause();
      return { promptTokens, outputTokens, thinkNs };
    });
}

function drawnSource(
  arrivals: Exclude<ArrivalConfig, { readonly kind: "trace" }>,
  { streamFor, endNs, draw }: { streamFor: StreamFor; endNs: number; draw: DrawRequest },
): RequestSource {
  switch (arrivals.kind) {
    case "poisson":
    case "gamma":
    case "weibull":
    case "constant":
    case "on-off": {
      const streams = { gaps: streamFor("arrivals"), sojourns: streamFor("sojourns") };
      const times = createArrivalTimes(arrivals, streams, endNs);
      return new ProcessSource(times, draw);
    }
    case "closed-loop": {
      const { users: count, thinkMeanNs, thinkCv } = arrivals;
      const drawThink = gammaGap(thinkCv, streamFor("think"));
      const users = { count, thinkMeanNs, drawThink, endNs };
      return new UserSource(users, draw);
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

  ended(arrival: Arrival, outcome: AttemptOutcome, end: AttemptEnd): void {
    const { nowNs, retryAfterNs, outputTokens } = end;
    assert(nowNs >= arrival.timeNs, "an attempt ends after it arrived");
    if (outcome === "completed") {
      this.#source.finished({ arrival, readyNs: nowNs, outputTokens });
    } else if (outcome === "refused" || !this.#retries.plan(arrival, end)) {
      const readyNs = nowNs + Math.max(retryAfterNs, MIN_REFUSED_NS);
      this.#source.finished({ arrival, readyNs, outputTokens: undefined });
    }
    this.#update();
  }

  #update(): void {
    this.nextArrivalNs = Math.min(this.#source.nextNs, this.#retries.nextNs);
  }
}
