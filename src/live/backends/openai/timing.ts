/** How long to wait for an upstream server, and how often to look after it. Tests hurry; nothing else should need to. */

export interface Timing {
  /** Until a connection stands. */
  readonly connectMs: number;
  /** Until the first byte of an answer: a long prompt on a busy server. */
  readonly firstByteMs: number;
  /** Between two bytes of an answer. */
  readonly silenceMs: number;
  /** Until a probe is answered, and between two of them. */
  readonly probeMs: number;
  readonly probeEveryMs: number;
  /** Between probes of a server that is down: at first, and at most after doubling each time. */
  readonly reviveMs: number;
  readonly mostReviveMs: number;
  /** How long a request is kept from being tried again when a server answers with an error: doubling, and at most. */
  readonly backoffMs: number;
  readonly mostBackoffMs: number;
  readonly scrapeEveryMs: number;
}

/** All assumed: long enough for the slowest server that still works, short enough for a person who waits. */
export const USUAL_TIMING: Timing = {
  connectMs: 5_000,
  firstByteMs: 120_000,
  silenceMs: 60_000,
  probeMs: 5_000,
  probeEveryMs: 5_000,
  reviveMs: 500,
  mostReviveMs: 10_000,
  backoffMs: 100,
  mostBackoffMs: 5_000,
  scrapeEveryMs: 5_000,
};
