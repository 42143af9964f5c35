/**
 * A log-linear histogram of durations (HDR style): exact below 1,024 units, then 512 buckets per doubling, so that a quantile is
 * within 0.1 % of the exact order statistic whatever the range. Mean, minimum and maximum are exact. Constant time per
 * sample, memory bounded by the range and not by the number of samples.
 */

const EXACT = 1024;
const PER_DOUBLING = 512;
const EXACT_BITS = 10;
/** Samples above this (71 minutes in microseconds) share the last bucket; `max` still tells the truth. */
const LARGEST = 4_294_967_295;

export class Histogram {
  #buckets = new Uint32Array(EXACT);
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = -Infinity;

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
    const bucket = bucketOf(value);
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
      if (seen >= rank) return Math.min(this.#max, Math.max(this.#min, middleOf(index)));
    }
    return this.#max;
  }

  #growTo(bucket: number): void {
    const doubled = Math.ceil((bucket + 1) / PER_DOUBLING) * PER_DOUBLING;
    const larger = new Uint32Array(doubled);
    larger.set(this.#buckets);
    this.#buckets = larger;
  }
}

function bucketOf(value: number): number {
  const whole = Math.min(LARGEST, Math.round(value));
  if (whole < EXACT) return whole;
  const shift = 31 - Math.clz32(whole) - EXACT_BITS + 1;
  return shift * PER_DOUBLING + (whole >>> shift);
}

/** The value in the middle of a bucket. */
function middleOf(bucket: number): number {
  if (bucket < EXACT) return bucket;
  const shift = Math.floor(bucket / PER_DOUBLING) - 1;
  const mantissa = bucket - shift * PER_DOUBLING;
  const width = 1 << shift;
  return mantissa * width + (width - 1) / 2;
}
