/**
 * Which LoRA adapters a replica holds, within its memory budget: loaded on demand, kept while in use, and the least
 * recently used one unloaded when another needs the room. Loading and unloading take time, but a replica carries them out
 * in the order asked, so an adapter's bytes count from the asking of its load to the asking of its unload.
 */
import { assert } from "../../base/assert.ts";

interface Residency {
  state: "loading" | "resident" | "unloading";
  readonly bytes: number;
  /** Requests bound to this replica that use it: above 0 it stays. */
  pins: number;
  lastUsedNs: number;
  /** Its holding has been charged up to here. */
  chargedToNs: number;
}

export type AdapterPlan =
  | { readonly kind: "resident" }
  | { readonly kind: "loading" }
  /** `unload` first, then load. */
  | { readonly kind: "load"; readonly unload: readonly number[] }
  | { readonly kind: "no-room" };

const RESIDENT: AdapterPlan = { kind: "resident" };
const LOADING: AdapterPlan = { kind: "loading" };
const NO_ROOM: AdapterPlan = { kind: "no-room" };

export class AdapterResidency {
  readonly #budgetBytes: number;
  readonly #isOwners: (adapter: number) => boolean;
  readonly #held = new Map<number, Residency>();
  #usedBytes = 0;

  /** `isOwners`: whether an adapter belongs to the replica's owner; it never makes room for anybody else's. */
  constructor(budgetBytes: number, isOwners: (adapter: number) => boolean) {
    this.#budgetBytes = budgetBytes;
    this.#isOwners = isOwners;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  isResident(adapter: number): boolean {
    return this.#held.get(adapter)?.state === "resident";
  }

  /** What it would take to use the adapter here. Changes nothing. */
  plan(adapter: number, bytes: number): AdapterPlan {
    const held = this.#held.get(adapter);
    if (held?.state === "resident") return RESIDENT;
    if (held?.state === "loading") return LOADING;
    if (held?.state === "unloading") return NO_ROOM;
    let missing = this.#usedBytes + bytes - this.#budgetBytes;
    if (missing <= 0) return { kind: "load", unload: [] };
    const idle = [...this.#held]
      .filter(([, other]) => other.state === "resident" && other.pins === 0)
      .filter(([other]) => this.#isOwners(adapter) || !this.#isOwners(other))
      .toSorted(([a, x], [b, y]) => x.lastUsedNs - y.lastUsedNs || a - b);
    const unload: number[] = [];
    for (const [other, { bytes: freed }] of idle) {
      if (missing <= 0) break;
      unload.push(other);
      missing -= freed;
    }
    return missing <= 0 ? { kind: "load", unload } : NO_ROOM;
  }

  /** Bytes that `bytes` more would lack, if all that nobody uses made room. */
  missingBytes(bytes: number): number {
    let missing = this.#usedBytes + bytes - this.#budgetBytes;
    for (const { state, pins, bytes: idle } of this.#held.values()) {
      if (state !== "unloading" && pins === 0) missing -= idle;
    }
    return missing;
  }

  /** What it takes of the budget; 0 where it is not held. */
  bytesOf(adapter: number): number {
    return this.#held.get(adapter)?.bytes ?? 0;
  }

  startLoad(nowNs: number, adapter: number, bytes: number): void {
    assert(!this.#held.has(adapter), "an adapter loaded twice");
    this.#usedBytes += bytes;
    this.#held.set(adapter, {
      state: "loading",
      bytes,
      pins: 0,
      lastUsedNs: nowNs,
      chargedToNs: nowNs,
    });
  }

  loaded(adapter: number): void {
    const held = this.#held.get(adapter);
    if (held !== undefined) held.state = "resident";
  }

  startUnload(adapter: number): void {
    const held = this.#held.get(adapter)!;
    assert(held.pins === 0, "an adapter unloaded while in use");
    held.state = "unloading";
    this.#usedBytes -= held.bytes;
  }

  /** The adapter is gone; returns how long it was held since that was last charged, ns. */
  unloaded(nowNs: number, adapter: number): number {
    const held = this.#held.get(adapter);
    if (held === undefined) return 0;
    this.#held.delete(adapter);
    if (held.state !== "unloading") this.#usedBytes -= held.bytes;
    return nowNs - held.chargedToNs;
  }

  pin(nowNs: number, adapter: number): void {
    const held = this.#held.get(adapter)!;
    held.pins += 1;
    held.lastUsedNs = nowNs;
  }

  unpin(nowNs: number, adapter: number): void {
    const held = this.#held.get(adapter);
    if (held === undefined) return;
    held.pins -= 1;
    held.lastUsedNs = nowNs;
    assert(held.pins >= 0, "an adapter unpinned twice");
  }

  /** Adapters held, in the order they were loaded. */
  held(): Iterable<number> {
    return this.#held.keys();
  }

  /** How long the adapter has been held since that was last charged, ns; from now on it counts afresh. */
  chargeHeld(nowNs: number, adapter: number): number {
    const held = this.#held.get(adapter)!;
    const ns = Math.max(0, nowNs - held.chargedToNs);
    held.chargedToNs += ns;
    return ns;
  }

  /** The adapter may be unloaded: it is here and nobody uses it. */
  isIdle(adapter: number): boolean {
    const held = this.#held.get(adapter);
    return held?.state === "resident" && held.pins === 0;
  }

  /** Uses of the adapter by requests bound here. */
  pinsOf(adapter: number): number {
    return this.#held.get(adapter)?.pins ?? 0;
  }
}
