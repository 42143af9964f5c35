/**
 * A tenant's bound on GPU memory (KV blocks and adapters over all replicas), held by promises: what is promised never
 * exceeds the limit, and what a sequence really uses never exceeds its promise, because the engine asks its replica for
 * a boundary at the step where it would.
 */
import { assert } from "../base/assert.ts";

export class MemoryQuota {
  limitBytes: number;
  #heldBytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  get isLimited(): boolean {
    return this.limitBytes !== Infinity;
  }

  fits(bytes: number): boolean {
    return this.#heldBytes + bytes <= this.limitBytes;
  }

  take(bytes: number): void {
    this.#heldBytes += bytes;
  }

  giveBack(bytes: number): void {
    this.#heldBytes -= bytes;
    assert(this.#heldBytes >= 0, "GPU memory given back twice");
  }
}
