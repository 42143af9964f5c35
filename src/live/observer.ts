/** Whoever watches a live run without taking part: metrics, the dashboard, logs, the results collector. */
import type { PlatformConfig } from "../engine/config.ts";
import type { EngineEvent } from "../engine/effects.ts";
import type { Admission, Outcome } from "../engine/request.ts";
import type { LiveRequest } from "./backends/backend.ts";
import type { Exchange } from "./exchange.ts";

export interface Observer {
  submitted(nowNs: number, exchange: Exchange, admission: Admission<Exchange>): void;
  firstToken(nowNs: number, request: LiveRequest): void;
  ended(nowNs: number, request: LiveRequest, outcome: Outcome): void;
  event(nowNs: number, event: EngineEvent): void;
  /** The platform has changed while it ran; it may have more tenants. */
  reloaded(platform: PlatformConfig): void;
}
