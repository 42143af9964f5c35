/**
 * What the simulator asks of a source of traffic. A client hides how requests come about (a random process, users with
 * think time, a trace file), how long they are, and whether it tries again; the driver sees one next arrival at a time,
 * so that the memory of a run is bounded by what is in flight.
 */

import type { PromptSegments } from "../../replica/prefix-key.ts";

/** One request on its way to the platform. `outputTokens` is the hidden truth: only the simulated replica reads it. */
export interface Arrival {
  /** When this attempt reaches the platform's edge. Integer. */
  readonly timeNs: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** max_tokens as sent; undefined when the client sends none. Never below outputTokens. */
  readonly maxOutputTokens: number | undefined;
  /** Index into the tenant's adapters; undefined is the base model. */
  readonly adapter: number | undefined;
  /** What its prompt has in common with others; undefined when nothing. The same object in all turns of a conversation. */
  readonly segments: PromptSegments | undefined;
  /** 0 for the first attempt. */
  readonly attempt: number;
}

/** When an attempt ended, the server's advice (0 without one), and the tokens it produced. */
export interface AttemptEnd {
  readonly nowNs: number;
  readonly retryAfterNs: number;
  readonly outputTokens: number;
}

/** How an attempt ended, as the client saw it. "refused" is for good: a retry would meet the same answer. */
export type AttemptOutcome = "completed" | "refused" | "rejected" | "failed" | "timed-out";

export interface Client {
  /** When the next request arrives; Infinity when none is known (it may become known when one in flight ends). */
  readonly nextArrivalNs: number;
  /** Takes the next arrival; only when nextArrivalNs is finite. */
  take(): Arrival;
  /**
   * Tells the client that an attempt ended, so that it may retry or its user may think and send again. nextArrivalNs may
   * change.
   */
  ended(arrival: Arrival, outcome: AttemptOutcome, end: AttemptEnd): void;
}

/** A row of a trace, in the trace's own time (starting anywhere, never going back by more than the reader sorts out). */
export interface TraceRow {
  readonly timeNs: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly client: string | undefined;
  /** Names of the prompt's blocks of tokens, where the format has them: equal names, equal prompts up to their end. */
  readonly hashes: readonly number[] | undefined;
}

/** Pulls rows one at a time, in order of time; undefined at the end. Implemented over files by the traces room. */
export interface TraceReader {
  next(): TraceRow | undefined;
  /** Rows left out because they were broken; only ever above 0 where the user asked to skip them. */
  readonly skippedRows: number;
}
