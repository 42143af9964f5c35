/**
 * A log-linear histogram of durations (HDR style): exact below 1,024 units, then 512 buckets per doubling, so that a quantile is
 * within 0.1 % of the exact order statistic whatever the range; with fewer bits, coarser and smaller. Mean, minimum and maximum are exact. Constant time per
 * sample, memory bounded by the range and not by the number of samples.
 */

/** Precision of the default histogram: 2^10 exact values, then 2^9 buckets per doubling. */
const DEFAULT_BITS = 10;
/** Samples above this (71 minutes in microseconds) share the last bucket; `max` still tells the truth. */
const LARGEST = 4_294_967_295;

export class Histogram {
  readonly #bits: number;
  #buckets: Uint32Array;
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = -Infinity;

  /** `bits`: values below 2^bits are exact, larger ones within a relative 2^-bits of the bucket's middle. */
  constructor(bits = DEFAULT_BITS) {
    this.#bits = bits;
    this.#buckets = new Uint32Array(1 << bits);
  }

  get count(): number {
    return this.#count;
  }

  get mean(): number | undefined {
    return this.#count === 0 ? undefined : this.#sum / this.#count;
  }

  get max(): number | undefined {
    return this.#count === 0 ? undefined : this.#max;
  }

  /** Adds a sample >= 0. The histogram's unit is the caller's. */
  add(value: number): void {
    const bucket = this.#bucketOf(value);
    if (bucket >= this.#buckets.length) this.#growTo(bucket);
    this.#buckets[bucket]! += 1;
    this.#count += 1;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /** Adds every sample of another histogram. */
  merge(other: Histogram): void {
    if (other.#buckets.length > this.#buckets.length) this.#growTo(other.#buckets.length - 1);
    for (let index = 0; index < other.#buckets.length; index++) {
      this.#buckets[index]! += other.#buckets[index]!;
    }
    this.#count += other.#count;
    this.#sum += other.#sum;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /** The smallest value with at least this share (0..1] of the samples at or below it; undefined when empty. */
  quantile(share: number): number | undefined {
    if (this.#count === 0) return undefined;
    const rank = Math.max(1, Math.ceil(share * this.#count));
    if (rank === this.#count) return this.#max;
    let seen = 0;
    for (let index = 0; index < this.#buckets.length; index++) {
      seen += this.#buckets[index]!;
      if (seen >= rank) return Math.min(this.#max, Math.max(this.#min, this.#middleOf(index)));
    }
    return this.#max;
  }

  #growTo(bucket: number): void {
    const step = 1 << (this.#bits - 1);
    const larger = new Uint32Array(Math.ceil((bucket + 1) / step) * step);
    larger.set(this.#buckets);
    this.#buckets = larger;
  }

  #bucketOf(value: number): number {
    const whole = Math.min(LARGEST, Math.round(value));
    const shift = 32 - Math.clz32(whole) - this.#bits;
    if (shift <= 0) return whole;
    return shift * (1 << (this.#bits - 1)) + (whole >>> shift);
  }

  /** The value in the middle of a bucket. */
  #middleOf(bucket: number): number {
    const perDoubling = 1 << (this.#bits - 1);
    const shift = Math.floor(bucket / perDoubling) - 1;
    if (shift <= 0) return bucket;
    const width = 1 << shift;
    return (bucket - shift * perDoubling) * width + (width - 1) / 2;
  }
}
