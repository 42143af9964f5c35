/**
 * The meter of a replica that is seen only from outside. It is busy while a request is in flight, and each moment of that is
 * divided equally among the requests in flight: what steps cost, and whom, cannot be seen from here, so bills that rest on
 * it are estimates. A running total of time over requests makes a request's share a difference of two numbers.
 */
import { assert } from "../../../base/assert.ts";
import type { MeterReading } from "../../../replica/port.ts";

const PS_PER_NS = 1000;

/** GPU time of a stay, ps: until its first token, and after. */
interface Share {
  readonly prefillPs: number;
  readonly decodePs: number;
}

export class RequestMeter implements MeterReading {
  /** Nobody can count an upstream's steps. */
  readonly steps = 0;
  readonly tokenPs = 0;
  readonly attentionPs = 0;
  readonly contextPs = 0;
  readonly modelledPs = 0;
  readonly extrapolatedNs = 0;
  readonly contextTokens = 0;
  readonly sequences = 0;
  /** What a lost request has used is reported with its departure, so nothing is lost unreported. */
  readonly lostNs = 0;
  /** As the upstream's own metrics say, where it has any. */
  kvBlocksUsed = 0;
  kvBlockNs = 0;
  tokens = 0;
  busyNs = 0;
  #idleNs = 0;
  #downNs = 0;
  #atNs = 0;
  #isDown = false;
  #inFlight = 0;
  /** Time divided by requests in flight, summed up, ns. */
  #shareNs = 0;
  /** Busy time that no departure has reported yet, ps. */
  #unreportedPs = 0;
  /** The running total at each slot's join (NaN: not in flight) and at its first token (NaN: before it). */
  readonly #joinedAt: Float64Array;
  readonly #firstAt: Float64Array;
  /** Shares of requests that are no longer in flight and have not been reported. */
  readonly #stopped = new Map<number, Share>();

  constructor(slots: number) {
    this.#joinedAt = new Float64Array(slots).fill(Number.NaN);
    this.#firstAt = new Float64Array(slots).fill(Number.NaN);
  }

  /** Requests in flight. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Of all busy time nothing is known but that it was busy. */
  get fixedPs(): number {
    return this.busyNs * PS_PER_NS;
  }

  /** Brings the totals up to `nowNs`. */
  advance(nowNs: number): void {
    const ns = nowNs - this.#atNs;
    assert(ns >= 0, "a meter went back in time");
    this.#atNs = nowNs;
    if (this.#inFlight > 0) {
      this.busyNs += ns;
      this.#shareNs += ns / this.#inFlight;
      this.#unreportedPs += ns * PS_PER_NS;
      this.kvBlockNs += ns * this.kvBlocksUsed;
    } else if (this.#isDown) this.#downNs += ns;
    else this.#idleNs += ns;
  }

  join(slot: number, nowNs: number): void {
    assert(Number.isNaN(this.#joinedAt[slot]!), "a request joined a meter twice");
    this.advance(nowNs);
    if (this.#inFlight === 0) this.#shareNs = 0;
    this.#inFlight += 1;
    this.#joinedAt[slot] = this.#shareNs;
    this.#firstAt[slot] = Number.NaN;
  }

  firstToken(slot: number, nowNs: number): void {
    this.advance(nowNs);
    this.#firstAt[slot] = this.#shareNs;
  }

  /** The slot's request is no longer in flight; what it has used is kept until it is reported. Does nothing the second time. */
  stop(slot: number, nowNs: number): void {
    this.advance(nowNs);
    const joinedAt = this.#joinedAt[slot]!;
    if (Number.isNaN(joinedAt)) return;
    const firstAt = this.#firstAt[slot]!;
    const prefillEnd = Number.isNaN(firstAt) ? this.#shareNs : firstAt;
    this.#stopped.set(slot, {
      prefillPs: (prefillEnd - joinedAt) * PS_PER_NS,
      decodePs: (this.#shareNs - prefillEnd) * PS_PER_NS,
    });
    this.#joinedAt[slot] = Number.NaN;
    this.#inFlight -= 1;
  }

  /** The slot's share, to be reported with its departure: nothing where it was never in flight. */
  report(slot: number, nowNs: number): Share {
    this.stop(slot, nowNs);
    const share = this.#stopped.get(slot) ?? { prefillPs: 0, decodePs: 0 };
    this.#stopped.delete(slot);
    this.#unreportedPs -= share.prefillPs + share.decodePs;
    return share;
  }

  /** The server takes no requests from now on; those still in flight keep it busy. */
  down(nowNs: number): void {
    this.advance(nowNs);
    this.#isDown = true;
  }

  up(nowNs: number): void {
    this.advance(nowNs);
    this.#isDown = false;
  }

  downUntil(nowNs: number): number {
    const isDown = this.#inFlight === 0 && this.#isDown;
    return this.#downNs + (isDown ? nowNs - this.#atNs : 0);
  }

  idleUntil(nowNs: number): number {
    const isIdle = this.#inFlight === 0 && !this.#isDown;
    return this.#idleNs + (isIdle ? nowNs - this.#atNs : 0);
  }

  /** Servers are always on: whoever runs them starts and stops them. */
  bootUntil(): number {
    return 0;
  }

  offUntil(): number {
    return 0;
  }

  inFlightPs(): number {
    return Math.max(0, this.#unreportedPs);
  }
}
