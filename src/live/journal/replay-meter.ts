/** A replica's meter as a journal remembers it: what the engine could read then, and nothing else. */
import type { MeterReading } from "../../replica/port.ts";

export class ReplayMeter implements MeterReading {
  steps = 0;
  idleNs = 0;
  bootNs = 0;
  busyNs = 0;
  modelledPs = 0;
  readonly lostNs = 0;
  readonly extrapolatedNs = 0;
  readonly fixedPs = 0;
  readonly tokenPs = 0;
  readonly attentionPs = 0;
  readonly contextPs = 0;
  readonly kvBlocksUsed = 0;
  readonly tokens = 0;
  readonly contextTokens = 0;
  readonly sequences = 0;
  readonly kvBlockNs = 0;

  downUntil(): number {
    return 0;
  }

  idleUntil(): number {
    return this.idleNs;
  }

  bootUntil(): number {
    return this.bootNs;
  }

  offUntil(): number {
    return 0;
  }

  inFlightPs(): number {
    return 0;
  }
}
