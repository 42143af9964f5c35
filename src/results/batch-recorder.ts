/**
 * How sure a quantile of one run is. Latencies hang together in time (a queue that is long now is long a moment later), so that
 * requests are not independent samples, but long stretches of a run nearly are. The run is kept in at most 64 slices of time,
 * without knowing how long it will be: when they are full, neighbours are merged. At the end they become batches of about equally
 * many requests, and how far the batches' own quantiles lie from that of the whole run says how far that may lie from the truth
 * (sectioning: Asmussen and Glynn, Stochastic Simulation, 2007, V.5; Student's t over the batches).
 */
import { studentQuantile } from "../base/beta.ts";
import { Histogram } from "../base/histogram.ts";

const MOST_SLICES = 64;
const FIRST_SLICE_NS = 250_000_000;
/** 2^-8 of a latency is far below what batches differ by. */
const SLICE_BITS = 8;
/** Schmeiser (Operations Research 30, 1982): more batches than 30 gain nothing, and fewer than 10 little less than longer ones do. */
const MOST_BATCHES = 20;
const LEAST_BATCHES = 5;
/** Requests of a batch that lie beyond the quantile, expected: fewer make its own quantile a guess. Assumed; coverage is tested. */
const LEAST_BEYOND = 5;
const CONFIDENCE = 0.95;

export interface Sureness {
  readonly low: number;
  readonly high: number;
  readonly batches: number;
}

export class BatchRecorder {
  #slices: Histogram[] = [];
  #sliceNs = FIRST_SLICE_NS;

  /** `sinceNs`: when the request arrived, counted from the end of the warm-up. */
  add(sinceNs: number, value: number): void {
    let slice = Math.floor(sinceNs / this.#sliceNs);
    while (slice >= MOST_SLICES) {
      this.#merge();
      slice = Math.floor(sinceNs / this.#sliceNs);
    }
    while (this.#slices.length <= slice) this.#slices.push(new Histogram(SLICE_BITS));
    this.#slices[slice]!.add(value);
  }

  /** The 95 % interval of the quantile; undefined where the requests are too few, or all within a few slices. */
  interval(share: number): Sureness | undefined {
    const whole = new Histogram(SLICE_BITS);
    for (const slice of this.#slices) whole.merge(slice);
    const least = LEAST_BEYOND / (1 - share);
    const most = Math.min(MOST_BATCHES, Math.floor(whole.count / least));
    for (let count = most; count >= LEAST_BATCHES; count--) {
      const batches = this.#batches(count, whole.count);
      if (batches.every((batch) => batch.count >= least)) return sureness(batches, whole, share);
    }
    return undefined;
  }

  #merge(): void {
    const pairs: Histogram[] = [];
    for (let at = 0; at < this.#slices.length; at += 2) {
      const first = this.#slices[at]!;
      const second = this.#slices[at + 1];
      if (second !== undefined) first.merge(second);
      pairs.push(first);
    }
    this.#slices = pairs;
    this.#sliceNs *= 2;
  }

  /** Slices side by side, each in the batch in which the middle of its requests falls. */
  #batches(count: number, requests: number): readonly Histogram[] {
    const batches = Array.from({ length: count }, () => new Histogram(SLICE_BITS));
    let before = 0;
    for (const slice of this.#slices) {
      const middle = (before + slice.count / 2) / requests;
      batches[Math.min(count - 1, Math.floor(middle * count))]!.merge(slice);
      before += slice.count;
    }
    return batches;
  }
}

/** Around the quantile of the whole, which is less biased than the mean of the batches' own. */
function sureness(batches: readonly Histogram[], whole: Histogram, share: number): Sureness {
  const count = batches.length;
  const middle = whole.quantile(share)!;
  const squares = batches.reduce((sum, batch) => {
    const distance = batch.quantile(share)! - middle;
    return sum + distance * distance;
  }, 0);
  const half =
    studentQuantile((1 + CONFIDENCE) / 2, count - 1) * Math.sqrt(squares / (count - 1) / count);
  return { low: Math.max(0, middle - half), high: middle + half, batches: count };
}
