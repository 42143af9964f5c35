/**
 * One sequence that a live client asked for, as driver and backends see it: what is to be computed, and where its output and
 * its end are told. HTTP implements it (one per choice of a request); nothing below HTTP knows of sockets.
 */
import type { Admission, Outcome, Request } from "../engine/request.ts";

export type Endpoint = "chat" | "completion" | "embedding";

export interface JsonObject {
  readonly [key: string]: unknown;
}

/** Tokens of a sequence up to a moment: what it would be charged for if it ended there. */
export interface TokensSoFar {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
}

/** A part of the answer. */
export type Piece =
  /** Text made here: one or more tokens. */
  | { readonly kind: "text"; readonly text: string }
  /** An upstream's own record of a choice (a delta, or a whole choice): passed on with nothing but its index changed. */
  | { readonly kind: "choice"; readonly choice: JsonObject }
  /** An upstream's whole answer, where there is nothing to stream (embeddings). */
  | { readonly kind: "whole"; readonly body: JsonObject };

/** How a sequence ended, after everything it is charged for is durable. */
export interface Ending {
  readonly outcome: Outcome;
  readonly request: Request<Exchange>;
  /** Why it failed, in words that a client may see; undefined unless it failed. */
  readonly problem: UpstreamProblem | undefined;
}

/** What a backend says of a failure: the status an upstream answered with, or 502 where it broke off. */
export interface UpstreamProblem {
  readonly status: number;
  readonly message: string;
  /** Trying again helps nobody until somebody has mended the platform. */
  readonly isLasting?: boolean;
}

export interface Exchange {
  /** Public id, also the request id of logs, ledger and upstream. */
  readonly id: string;
  readonly endpoint: Endpoint;
  /** The client's body, validated; backends replace `model`, `stream` and `n`. */
  readonly body: JsonObject;
  /** The adapter's name as an upstream knows it; undefined for the base model. */
  readonly adapter: string | undefined;
  /** Index into PlatformConfig.tenants, and index into PlatformConfig.pools. */
  readonly tenant: number;
  readonly pool: number;
  /** Tokens of the prompt, counted or estimated before admission. */
  readonly promptTokens: number;
  readonly maxOutputTokens: number | undefined;
  readonly adapterIndex: number | undefined;
  /** The client reads output as it comes; else backends may deliver it all at the end. */
  readonly isStreaming: boolean;
  /** "stop", "length", ...: set by the backend before it reports that the sequence has left. */
  finishReason: string | undefined;
  /** Set by the backend before it reports a failure. */
  problem: UpstreamProblem | undefined;
  /** Its tokens were not counted by whoever computed them. Set by the backend before it reports that the sequence has left. */
  isEstimate?: boolean;
  /** Counts all that has been delivered, also while it is. Set by the backend when the sequence joins. */
  tokensSoFar?: () => TokensSoFar;
  /** The engine's decision, once; when rejected, nothing else follows. */
  admitted(admission: Admission<Exchange>): void;
  /** Output, in order. False: the client reads too slowly; the backend should pause until `onReady` is called. */
  deliver(piece: Piece): boolean;
  /** Calls back once when the client can take more. */
  onReady(resume: () => void): void;
  /** The last call. */
  ended(ending: Ending): void;
}
