/**
 * A request on its way through the platform, and what a caller submits. `Origin` is whatever the driver wants to find
 * again (a client's arrival in the simulator, an HTTP exchange in live mode); as an unconstrained type parameter it is
 * opaque here, so nothing in the engine can peek at an output length that only the simulator knows.
 */
import { unreachable } from "../base/assert.ts";
import type { PrefixKey, PromptSegments } from "../replica/prefix-key.ts";

export interface Submission<Origin> {
  readonly origin: Origin;
  /** Index into PlatformConfig.tenants. */
  readonly tenant: number;
  /** Index into PlatformConfig.pools: one of the tenant's. */
  readonly pool: number;
  readonly promptTokens: number;
  /** When it reached the edge, where that was before it is submitted: what its latencies are counted from. */
  readonly arrivalNs?: number;
  /** max_tokens as sent; the tenant's default where the client sent none. */
  readonly maxOutputTokens: number | undefined;
  /** Index into the tenant's adapters; undefined is the base model. */
  readonly adapter: number | undefined;
  /** What its tokens are, where others may have the same; undefined where that is not known. */
  readonly segments?: PromptSegments | undefined;
}

export type RequestState =
  | "queued"
  | "loading" // bound to a replica, waiting for its adapter
  | "joining"
  | "running"
  | "evicting"
  | "ended";

export type RejectReason =
  | "too-large"
  | "adapter-unknown"
  | "queue-full"
  | "rate-limit"
  | "concurrency-limit"
  | "tokens-per-minute"
  | "tokens-per-day"
  | "spend-per-month"
  | "shed"
  | "throttled";

/** Every reason, in the order reports list them. */
export const REJECT_REASONS: readonly RejectReason[] = [
  "too-large",
  "adapter-unknown",
  "queue-full",
  "rate-limit",
  "concurrency-limit",
  "tokens-per-minute",
  "tokens-per-day",
  "spend-per-month",
  "shed",
  "throttled",
];

/**
 * Whether a client should try again after a while: a limit that frees itself in seconds, and not a quota that is used up
 * for the day or the month, or a request that can never fit. Live clients are told so by a header.
 */
export function isRetryable(reason: RejectReason): boolean {
  switch (reason) {
    case "queue-full":
    case "rate-limit":
    case "concurrency-limit":
    case "tokens-per-minute":
    case "shed":
    case "throttled":
      return true;
    case "too-large":
    case "adapter-unknown":
    case "tokens-per-day":
    case "spend-per-month":
      return false;
    default:
      return unreachable(reason);
  }
}

/**
 * Whether the platform owed the request an answer: it turned it away for want of room, and not because the tenant asked for
 * more than its quotas, or for what it does not have. What is owed and refused counts against the tenant's SLA. Throttled
 * requests are owed too: they were within every quota agreed, and with room for all there would have been no victim.
 */
export function isOwed(reason: RejectReason): boolean {
  return reason === "queue-full" || reason === "shed" || reason === "throttled";
}

export interface Rejection {
  readonly reason: RejectReason;
  /** The earliest time from now at which the same request would pass this check, ns; Infinity: never. */
  readonly retryAfterNs: number;
}

/** What a submission came to at once; how an accepted request ends is told later, as an effect. */
export type Admission<Origin> =
  | { readonly kind: "accepted"; readonly request: Request<Origin> }
  | ({ readonly kind: "rejected" } & Rejection);

/** How a request ended. */
export type Outcome = "completed" | "failed" | "cancelled";

/** What admission decides about a request. */
export interface Admitted {
  /** Counts up from 0 over the run: the order of admission, and the last word in every tie. */
  readonly number: number;
  readonly tier: number;
  readonly arrivalNs: number;
  /** Latest time for the first token by the tier's TTFT target; Infinity where the tier has none. */
  readonly deadlineNs: number;
  readonly maxOutputTokens: number;
  /** Output tokens the scheduler expects in all. */
  readonly predictedTokens: number;
  /** Its identity in prefix caches; undefined where it has none, or its pool caches nothing. */
  readonly prefix: PrefixKey | undefined;
}

/**
 * An admitted request: everything that happens to it is still to come. A class and not a literal, because literals made
 * before a field first held a large number would each be converted on first touch, at the price of a scheduling decision.
 */
export class Request<Origin> implements Admitted {
  readonly number: number;
  readonly origin: Origin;
  readonly tenant: number;
  readonly tier: number;
  readonly pool: number;
  /** An estimate until a backend that counts tokens itself has said better. */
  promptTokens: number;
  readonly maxOutputTokens: number;
  readonly adapter: number | undefined;
  readonly arrivalNs: number;
  readonly deadlineNs: number;
  readonly prefix: PrefixKey | undefined;
  state: RequestState = "queued";
  /** Where it runs while loading, joining, running or evicting. */
  replica = -1;
  slot = -1;
  /** First join of a batch, and first output token; NaN before. */
  joinedNs = Number.NaN;
  firstTokenNs = Number.NaN;
  /** The present stay has computed its context; its replica's step count then. */
  isPrefilled = false;
  firstStep = 0;
  /** Output tokens of earlier stays; a stay in progress adds its own when it ends. */
  outputTokens = 0;
  /** Of its prompt, tokens found in the prefix cache when it first joined: what it is billed for as cached. */
  cachedTokens = 0;
  /** Of its context, tokens that its present replica is thought to have, and, once it has joined, has had. */
  cachedHere = 0;
  /** Times it was evicted for others, and times it was lost with its replica. */
  preemptions = 0;
  crashes = 0;
  /** Prompt and output tokens whose context was computed again, or for nothing, because of them. */
  recomputedTokens = 0;
  /** The caller has gone: it ends as cancelled as soon as its replica lets it go. */
  isCancelled = false;
  predictedTokens: number;
  /** KV blocks promised on its replica for the predicted tokens. */
  promisedBlocks = 0;
  /** Reserved against the day's tokens and the month's money, and in which day and month. */
  reservedTokens = 0;
  reservedNanoUsd = 0;
  day = 0;
  month = 0;
  /** GPU money charged to its tenant for it so far. */
  gpuNanoUsd = 0;
  /** When the prompt of the present stay is due: replicas compute prompts in this order. */
  prefillDueNs = 0;
  /** When it was bound to its present replica. */
  boundNs = 0;
  /** Since when prompts that go before its own have kept it from a replica; Infinity: they have not. */
  heldUpNs = Infinity;
  /** Service charged to its tenant's counter for the present stay so far, to be trued up. */
  chargedService = 0;
  /** Times another request was bound while this one, at the head of its queue, found no room. */
  timesOvertaken = 0;

  constructor(submission: Submission<Origin>, admitted: Admitted) {
    this.number = admitted.number;
    this.origin = submission.origin;
    this.tenant = submission.tenant;
    this.tier = admitted.tier;
    this.pool = submission.pool;
    this.promptTokens = submission.promptTokens;
    this.maxOutputTokens = admitted.maxOutputTokens;
    this.adapter = submission.adapter;
    this.arrivalNs = admitted.arrivalNs;
    this.deadlineNs = admitted.deadlineNs;
    this.predictedTokens = admitted.predictedTokens;
    this.prefix = admitted.prefix;
  }
}
