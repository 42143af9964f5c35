/**
 * Whether a replica is provisioned, in the engine's own books: off, booting (asked for and paid for), serving, or draining (it
 * finishes what it has and takes no more). How long it was provisioned is counted here from what the engine asked for,
 * apart from the replica's meter, which counts what the replica did: the two must agree to the nanosecond.
 */
import { assert } from "../../base/assert.ts";

export type LifeState = "off" | "booting" | "serving" | "draining";

export class ReplicaLife {
  #state: LifeState;
  #closedNs = 0;
  /** Since when it has been provisioned. */
  #sinceNs = 0;

  constructor(isOff: boolean) {
    this.#state = isOff ? "off" : "serving";
  }

  get state(): LifeState {
    return this.#state;
  }

  get isProvisioned(): boolean {
    return this.#state !== "off";
  }

  provision(nowNs: number): void {
    assert(this.#state === "off", "a replica provisioned twice");
    this.#state = "booting";
    this.#sinceNs = nowNs;
  }

  /** Its boot is over, whether it came up or broke on the way. */
  booted(): void {
    if (this.#state === "booting") this.#state = "serving";
  }

  drain(): void {
    assert(this.#state === "serving", "only what serves can be drained");
    this.#state = "draining";
  }

  /** It is needed after all. */
  resume(): void {
    assert(this.#state === "draining", "only what drains can be taken back");
    this.#state = "serving";
  }

  release(nowNs: number): void {
    assert(this.#state === "draining", "released without being drained");
    this.#state = "off";
    this.#closedNs += nowNs - this.#sinceNs;
  }

  provisionedUntil(nowNs: number): number {
    return this.#closedNs + (this.isProvisioned ? nowNs - this.#sinceNs : 0);
  }
}
