/**
 * What live mode asks of whatever computes: the replica port, meters, and a way to be driven. A backend reports through
 * the host and never calls the engine itself. Two kinds: one that knows when its next event is (paced) and is advanced
 * by the driver's timer, and one whose events come from outside (upstream servers) and enter through `host.enter`.
 */
import type { Request } from "../../engine/request.ts";
import type { MeterReading, ReplicaListener, ReplicaPort } from "../../replica/port.ts";
import type { Exchange } from "../exchange.ts";

export type LiveRequest = Request<Exchange>;

/** What the driver offers its backend. */
export interface BackendHost {
  /**
   * Runs `report` as one input at the present time: everything that was due before has happened, and effects leave when
   * it returns. Never call it from inside a port method (join, evict, ...): those already run inside an input; report
   * later instead, through a promise or a timer.
   */
  enter(report: (nowNs: number) => void): void;
  readonly listener: ReplicaListener;
}

export interface Backend extends ReplicaPort<LiveRequest> {
  /** One per replica, in the order of the pools. */
  readonly meters: readonly MeterReading[];
  /** Whether charges rest on measured steps, or on whole requests and are estimates. */
  readonly meterKind: "step" | "request";
  /** When `advance` must be called next; Infinity where events come from outside. */
  readonly nextEventNs: number;
  /** Runs the event at `nowNs`, which is nextEventNs. */
  advance(nowNs: number): void;
  /** Hands out what was computed up to `nowNs`; returns when it wants to be called again, Infinity when at rest. */
  flush(nowNs: number): number;
  /** Begins to work. Called once, before anything else. */
  start(host: BackendHost): void;
  close(): Promise<void>;
}
