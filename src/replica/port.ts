/**
 * The one seam between the engine and whatever runs sequences. A replica is a running batch that sequences join and
 * leave at step boundaries; the engine speaks through ReplicaPort, replicas answer through ReplicaListener. Replicas and
 * slots are small integers: the engine gives each sequence a slot of its replica when it joins, and the slot is free
 * again once `left` was heard. Time is integer nanoseconds since the run began.
 */

/** Engine to replicas. Everything takes effect at the replica's next step boundary. */
export interface ReplicaPort<Request> {
  join(nowNs: number, replica: number, slot: number, request: Request): void;
  /** Answered by `left`; a sequence that finishes at the same boundary leaves as finished. */
  evict(nowNs: number, replica: number, slot: number): void;
  loadAdapter(nowNs: number, replica: number, adapter: number, bytes: number): void;
  unloadAdapter(nowNs: number, replica: number, adapter: number): void;
  /**
   * Asks for `boundary` once the replica's meter counts `step` steps (or at the next boundary when it does already), in
   * place of what was asked before; Infinity takes it back. Asking is over once it was answered, or the replica went down.
   */
  askBoundary(nowNs: number, replica: number, step: number): void;
  /** Brings up a replica that is off: it costs money from now on, and answers `up` once it can work. */
  provision(nowNs: number, replica: number): void;
  /** Gives back a replica that holds no sequence: from now on it costs nothing, and what it had loaded is gone. Not answered. */
  release(nowNs: number, replica: number): void;
}

/** "failed": it can neither go on nor be tried again, as when an upstream breaks off after its first token. */
export type LeaveReason = "finished" | "evicted" | "replica-down" | "failed";

/** How a sequence's stay on a replica ended. The record is reused: copy what must last. */
export interface Departure {
  slot: number;
  reason: LeaveReason;
  /** Tokens that this stay produced. */
  outputTokens: number;
  /** The prompt as the backend counted it, where that was only estimated before; undefined where it was known. */
  counted?: { readonly promptTokens: number; readonly cachedTokens: number } | undefined;
  /** GPU time of the stay, as divided step by step (share-meter.ts): computing the prompt, and decoding. */
  prefillPs: number;
  decodePs: number;
  /** The same stay under the 1/batch-size rule, for comparison. */
  batchSharePs: number;
}

/** Replicas to the engine. Before each call the replica's MeterReading is brought up to the same boundary. */
export interface ReplicaListener {
  joined(nowNs: number, replica: number, slot: number, cachedTokens: number): void;
  /** The stay's first output token; a resumed sequence has had others before. */
  firstToken(nowNs: number, replica: number, slot: number): void;
  left(nowNs: number, replica: number, departure: Departure): void;
  adapterLoaded(nowNs: number, replica: number, adapter: number): void;
  adapterUnloaded(nowNs: number, replica: number, adapter: number): void;
  /** The KV cache cannot hold the next step; the replica waits until enough has been evicted. */
  pressure(nowNs: number, replica: number): void;
  boundary(nowNs: number, replica: number): void;
  /** Comes before the `left` of every sequence it held. */
  down(nowNs: number, replica: number, cause: string): void;
  up(nowNs: number, replica: number): void;
}

/** Running totals of one replica up to its last notified boundary. */
export interface MeterReading {
  /** Steps completed since the run began; a sequence's tokens so far are a difference of two of these. */
  readonly steps: number;
  /** Time in steps, GPU by GPU the same, ns; and the part of it that a crash made worthless. */
  readonly busyNs: number;
  readonly lostNs: number;
  /** The part of busyNs in steps larger than any that the step model was made of: their times are extrapolated. */
  readonly extrapolatedNs: number;
  /** What its step model says these steps should have taken, ps; 0 where steps are not seen. */
  readonly modelledPs: number;
  /** Time down up to `nowNs`. */
  downUntil(nowNs: number): number;
  /** Time between steps up to `nowNs`, outages left out. */
  idleUntil(nowNs: number): number;
  /** Time between being provisioned and being able to work; and time not provisioned, which nobody pays for. */
  bootUntil(nowNs: number): number;
  offUntil(nowNs: number): number;
  /** Busy time by cause, ps: whatever the batch, tokens, prompt attention, context of decoding sequences. */
  readonly fixedPs: number;
  readonly tokenPs: number;
  readonly attentionPs: number;
  readonly contextPs: number;
  readonly kvBlocksUsed: number;
  /** Tokens computed (prompt and output), context tokens read by decodes, sequences summed over steps. */
  readonly tokens: number;
  readonly contextTokens: number;
  readonly sequences: number;
  /** KV blocks in use integrated over busy time, block-ns. */
  readonly kvBlockNs: number;
  /** GPU time of the running sequences so far, ps: what `left` will still report. */
  inFlightPs(): number;
}

/** Time in which it was paid for, up to `nowNs`. */
export function provisionedUntil(meter: MeterReading, nowNs: number): number {
  return nowNs - meter.offUntil(nowNs);
}

/** Time in steps up to `nowNs`, the step under way included. */
export function busyUntil(meter: MeterReading, nowNs: number): number {
  const restNs = meter.idleUntil(nowNs) + meter.downUntil(nowNs) + meter.bootUntil(nowNs);
  return provisionedUntil(meter, nowNs) - restNs;
}
