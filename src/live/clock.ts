/** The wall clock of a live run: nanoseconds since it began, never going back, and the date it began at. */

export interface Clock {
  /** Integer nanoseconds since the run began. */
  nowNs(): number;
  /** Unix time at which the run began, ms. */
  readonly startedAtMs: number;
}

export function systemClock(): Clock {
  const startedAtMs = Date.now();
  const origin = process.hrtime.bigint();
  return { startedAtMs, nowNs: () => Number(process.hrtime.bigint() - origin) };
}
