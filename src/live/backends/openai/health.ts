/**
 * Decides whether a server takes requests: by probes now and then, by a probe at once when a connection fails, and by a
 * circuit breaker that opens when request after request comes back with an error. A server that failed at requests must
 * answer one before it gets more, since a good word about its health did not keep it from failing.
 */
import type { Endpoint } from "../../exchange.ts";
import type { Outage } from "./failure.ts";
import type { Timing } from "./timing.ts";
import type { ProbeResult } from "./upstream.ts";

/** Requests that fail in a row before the server is left alone: as many as one request survives. */
const MOST_FAILURES = 3;
/** Probes that fail in a row before it is, where nothing else speaks against the server. */
const MOST_BAD_PROBES = 2;

export interface HealthHost {
  probe(): Promise<ProbeResult>;
  prove(endpoint: Endpoint): Promise<ProbeResult>;
  /** Nothing of the past stands in the way of taking requests again. */
  readonly isFreeToRise: boolean;
  goDown(cause: string): void;
  goUp(): void;
  /** A probe that began after every failure so far was answered well. */
  cleared(): void;
}

export class Health {
  readonly #host: HealthHost;
  readonly #timing: Timing;
  #state: "starting" | "up" | "down" = "starting";
  #failures = 0;
  #badProbes = 0;
  /** The endpoint at which a request must succeed before the server is up again. */
  #proof: Endpoint | undefined;
  #isProbing = false;
  /** A failure came while a probe was under way: its answer says nothing about it. */
  #isStale = false;
  /** A request's connection failed: a bad probe confirms it. */
  #isSuspect = false;
  #hasHeard = false;
  #isClosed = false;
  #reviveMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(host: HealthHost, timing: Timing) {
    this.#host = host;
    this.#timing = timing;
    this.#reviveMs = timing.reviveMs;
  }

  get isUp(): boolean {
    return this.#state === "up";
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  start(): void {
    this.#probeNow();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** The server has sent something. */
  heard(): void {
    this.#hasHeard = true;
  }

  /** A request got what it wanted, or a sensible refusal. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** A request failed by the server's fault. May take the server down before it returns. */
  failed(failure: Outage, endpoint: Endpoint): void {
    if (this.#state === "down") return;
    this.#failures += 1;
    if (this.#failures >= MOST_FAILURES) {
      this.#proof = endpoint;
      this.#goDown(`${this.#failures} requests failed in a row; the last: ${failure.cause}`);
    } else if (failure.kind === "connection") {
      this.#isSuspect = true;
      this.#probeNow();
    }
  }

  #probeNow(): void {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    if (this.#isProbing) {
      this.#isStale = true;
      return;
    }
    this.#isProbing = true;
    this.#isStale = false;
    this.#hasHeard = false;
    const isSuspect = this.#isSuspect;
    this.#isSuspect = false;
    void this.#ask().then((result) => {
      this.#isProbing = false;
      if (this.#isClosed) return;
      if (this.#isStale) {
        this.#isSuspect ||= isSuspect;
        this.#probeNow();
      } else this.#probed(result, isSuspect);
    });
  }

  async #ask(): Promise<ProbeResult> {
    const result = await this.#host.probe();
    if (result.kind === "bad" || this.#state !== "down" || this.#proof === undefined) return result;
    return await this.#host.prove(this.#proof);
  }

  #probed(result: ProbeResult, isSuspect: boolean): void {
    if (result.kind === "good") this.#good();
    else this.#bad(result, isSuspect);
    this.#probeLater();
  }

  #good(): void {
    this.#badProbes = 0;
    if (this.#state === "down") {
      if (!this.#host.isFreeToRise) return;
      // On probation: where requests failed, the next failure counts in full.
      this.#failures = this.#proof === undefined ? 0 : MOST_FAILURES - 1;
      this.#proof = undefined;
      this.#reviveMs = this.#timing.reviveMs;
      this.#state = "up";
      this.#host.goUp();
    } else {
      this.#state = "up";
    }
    this.#host.cleared();
  }

  #bad(result: ProbeResult & { readonly kind: "bad" }, isSuspect: boolean): void {
    if (this.#state === "down") return;
    if (result.isSilent && this.#hasHeard) {
      // Too busy to answer probes, but streaming: nothing is proved against it.
      this.#host.cleared();
      return;
    }
    this.#badProbes += 1;
    const isSure = this.#state === "starting" || isSuspect || this.#badProbes >= MOST_BAD_PROBES;
    if (isSure) this.#goDown(result.cause);
  }

  #goDown(cause: string): void {
    this.#state = "down";
    this.#badProbes = 0;
    this.#isSuspect = false;
    this.#host.goDown(cause);
    if (!this.#isProbing) this.#probeLater();
  }

  #probeLater(): void {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    let waitMs = this.#timing.probeEveryMs;
    if (this.#state === "down") {
      waitMs = this.#reviveMs;
      this.#reviveMs = Math.min(this.#reviveMs * 2, this.#timing.mostReviveMs);
    } else if (this.#badProbes > 0) waitMs = Math.min(waitMs, this.#timing.reviveMs);
    this.#timer = setTimeout(() => this.#probeNow(), waitMs);
    this.#timer.unref();
  }
}
