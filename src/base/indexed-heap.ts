/**
 * A binary min-heap over small integer ids, each with one key that can be changed or taken back at any time: one entry
 * per event source or per running sequence, instead of stale entries to skip. Order is (key, tie); ties are the
 * caller's, so that nothing depends on the heap's history. Every operation is O(log n), `firstKey` O(1).
 */
import { assert } from "./assert.ts";

export class IndexedHeap {
  readonly #keys: Float64Array;
  readonly #ties: Float64Array;
  /** Position of an id in #order, or -1. */
  readonly #positions: Int32Array;
  readonly #order: Int32Array;
  #size = 0;

  constructor(capacity: number) {
    this.#keys = new Float64Array(capacity);
    this.#ties = new Float64Array(capacity);
    this.#positions = new Int32Array(capacity).fill(-1);
    this.#order = new Int32Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** The smallest key; Infinity when empty. */
  get firstKey(): number {
    return this.#size === 0 ? Infinity : this.#keys[this.#order[0]!]!;
  }

  /** The id with the smallest key; only when not empty. */
  get first(): number {
    assert(this.#size > 0, "first of an empty heap");
    return this.#order[0]!;
  }

  has(id: number): boolean {
    return this.#positions[id] !== -1;
  }

  /** Inserts the id or moves it to its new place. */
  set(id: number, key: number, tie: number): void {
    this.#keys[id] = key;
    this.#ties[id] = tie;
    const position = this.#positions[id]!;
    this.#settle(id, position === -1 ? this.#size++ : position);
  }

  /** Takes the id out; does nothing when it is not in. */
  delete(id: number): void {
    const position = this.#positions[id]!;
    if (position === -1) return;
    this.#positions[id] = -1;
    const last = this.#order[--this.#size]!;
    if (last !== id) this.#settle(last, position);
  }

  /** Finds the id's place from `position`, which nobody holds, by moving others there: up or down, never both. */
  #settle(id: number, position: number): void {
    const risen = this.#rise(id, position);
    const place = risen === position ? this.#sink(id, position) : risen;
    this.#order[place] = id;
    this.#positions[id] = place;
  }

  #rise(id: number, from: number): number {
    const [keys, ties, order] = [this.#keys, this.#ties, this.#order];
    const key = keys[id]!;
    let hole = from;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const other = order[parent]!;
      const otherKey = keys[other]!;
      if (otherKey < key || (otherKey === key && ties[other]! <= ties[id]!)) break;
      order[hole] = other;
      this.#positions[other] = hole;
      hole = parent;
    }
    return hole;
  }

  #sink(id: number, from: number): number {
    const [keys, ties, order, size] = [this.#keys, this.#ties, this.#order, this.#size];
    const key = keys[id]!;
    let hole = from;
    for (let child = 1; (child = 2 * hole + 1) < size; ) {
      let other = order[child]!;
      let otherKey = keys[other]!;
      if (child + 1 < size) {
        const right = order[child + 1]!;
        const rightKey = keys[right]!;
        if (rightKey < otherKey || (rightKey === otherKey && ties[right]! < ties[other]!)) {
          child += 1;
          other = right;
          otherKey = rightKey;
        }
      }
      if (key < otherKey || (key === otherKey && ties[id]! <= ties[other]!)) break;
      order[hole] = other;
      this.#positions[other] = hole;
      hole = child;
    }
    return hole;
  }
}
