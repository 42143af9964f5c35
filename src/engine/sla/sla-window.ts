/**
 * The last 1,000 samples of one latency target. Two counters say at once whether the P99 is over the target or over the
 * noisy-neighbour threshold, without sorting: a percentile is over a limit exactly when more than its share of the samples
 * is. The percentile itself is sorted out only when somebody asks.
 */

const SLA_WINDOW_REQUESTS = 1000;
/** Fewer samples than this say nothing about a P99. The source document's minimum. */
export const SLA_MIN_SAMPLES = 100;

export class SlaWindow {
  readonly #limitNs: number;
  #alarmNs: number;
  readonly #percentile: number;
  readonly #samples = new Float64Array(SLA_WINDOW_REQUESTS);
  #count = 0;
  #overAlarm = 0;

  constructor(
    target: { readonly limitNs: number; readonly percentile: number },
    alarmFactor: number,
  ) {
    this.#limitNs = target.limitNs;
    this.#percentile = target.percentile;
    this.#alarmNs = target.limitNs * alarmFactor;
  }

  /** Another alarm threshold from now on, for the samples at hand too. */
  setAlarmFactor(alarmFactor: number): void {
    this.#alarmNs = this.#limitNs * alarmFactor;
    this.#overAlarm = 0;
    for (let index = 0; index < this.size; index++) {
      if (this.#samples[index]! > this.#alarmNs) this.#overAlarm += 1;
    }
  }

  get limitNs(): number {
    return this.#limitNs;
  }

  get size(): number {
    return Math.min(this.#count, SLA_WINDOW_REQUESTS);
  }

  add(latencyNs: number): void {
    const index = this.#count % SLA_WINDOW_REQUESTS;
    if (this.#count >= SLA_WINDOW_REQUESTS && this.#samples[index]! > this.#alarmNs)
      this.#overAlarm -= 1;
    this.#samples[index] = latencyNs;
    this.#count += 1;
    if (latencyNs > this.#alarmNs) this.#overAlarm += 1;
  }

  /** Whether the percentile is over the alarm threshold; false while there is not enough data. */
  get isAlarming(): boolean {
    const { size } = this;
    return size >= SLA_MIN_SAMPLES && this.#overAlarm > size - rank(size, this.#percentile);
  }

  /** The target's percentile over the window, or another, ns; undefined while there is not enough data. */
  percentileNs(percentile = this.#percentile): number | undefined {
    const { size } = this;
    if (size < SLA_MIN_SAMPLES) return undefined;
    return this.#samples.subarray(0, size).toSorted()[rank(size, percentile) - 1]!;
  }
}

/** The order statistic (1-based) that is the percentile of `size` samples: the smallest with that share at or below it. */
function rank(size: number, percentile: number): number {
  return Math.max(1, Math.ceil((percentile / 100) * size));
}
