/**
 * Everything the engine wants done or known leaves through this one interface. A driver implements it: the simulator
 * answers from a step-time model, the live server from real replicas. Calls are made synchronously, inside the call that
 * caused them; a driver must not call back into the engine from here except where a method says so.
 */
import type { ReplicaPort } from "../replica/port.ts";
import type { LatencyMetric } from "./config.ts";
import type { Charge } from "./cost/charge.ts";
import type { Outcome, Request } from "./request.ts";

/** Something an operator would want to know: kept in the results, logged in live mode. */
export interface EngineEvent {
  readonly kind:
    | "noisy-neighbour"
    | "noisy-neighbour-ended"
    | "mitigation-tightened"
    | "mitigation-relaxed"
    | "mitigation-ended"
    | "replica-down"
    | "replica-up"
    | "scale-out"
    | "scale-in"
    | "replica-released"
    | "straggler"
    | "straggler-ended";
  readonly tenant: number | undefined;
  readonly aggressor: number | undefined;
  readonly pool: number | undefined;
  readonly replica: number | undefined;
  /** One full sentence with the numbers behind it. */
  readonly message: string;
  /** Noisy neighbours and mitigation: what was measured when it was decided. */
  readonly evidence?: Evidence;
  /** Mitigation: the measure that was tightened or relaxed. */
  readonly action?: MitigationAction;
}

/** The measures against an aggressor, mildest first; each comes on top of those before it. */
export type MitigationAction = "in-flight-cap" | "replica-confinement" | "admission-throttle";

/** A tenant's part of what is asked of a pool lately, and its part by weight among those who ask. */
export interface DemandShare {
  readonly asked: number;
  readonly due: number;
}

/** The victim's worst latency target, and who asked for how much. */
export interface Evidence {
  readonly metric: LatencyMetric;
  readonly percentile: number;
  /** Over the victim's last requests; undefined while there are too few. */
  readonly measuredNs: number | undefined;
  readonly limitNs: number;
  /** Of its requests of the last checks and the one that waits at the head of its queue, those past the alarm limit. */
  readonly late: number;
  readonly lateOf: number;
  readonly victimShare: DemandShare;
  readonly aggressorShare: DemandShare;
}

export interface EngineEffects<Origin> extends ReplicaPort<Request<Origin>> {
  /** Call `wake` at this time or soon after. A later wakeAt replaces it. */
  wakeAt(timeNs: number): void;
  /** The request's first output token (its very first: a resumed request has had it). */
  firstToken(nowNs: number, request: Request<Origin>): void;
  /** The request is over; its record will not change again. */
  ended(nowNs: number, request: Request<Origin>, outcome: Outcome): void;
  /** An entry of the ledger. The record is reused: copy what must last. */
  charged(nowNs: number, charge: Charge): void;
  event(nowNs: number, event: EngineEvent): void;
}
