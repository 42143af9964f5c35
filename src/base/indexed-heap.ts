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
    let position = this.#positions[id]!;
    this.#keys[id] = key;
    this.#ties[id] = tie;
    if (position === -1) {
      position = this.#size++;
      this.#order[position] = id;
      this.#positions[id] = position;
      this.#up(position);
      return;
    }
    this.#up(position);
    this.#down(this.#positions[id]!);
  }

  /** Takes the id out; does nothing when it is not in. */
  delete(id: number): void {
    const position = this.#positions[id]!;
    if (position === -1) return;
    this.#positions[id] = -1;
    const last = this.#order[--this.#size]!;
    if (last === id) return;
    this.#order[position] = last;
    this.#positions[last] = position;
    this.#up(position);
    this.#down(this.#positions[last] ?? position);
  }

  #before(a: number, b: number): boolean {
    const difference = this.#keys[a]! - this.#keys[b]!;
    return difference < 0 || (difference === 0 && this.#ties[a]! < this.#ties[b]!);
  }

  #up(from: number): void {
    const id = this.#order[from]!;
    let position = from;
    while (position > 0) {
      const parent = (position - 1) >> 1;
      const other = this.#order[parent]!;
      if (!this.#before(id, other)) break;
      this.#order[position] = other;
      this.#positions[other] = position;
      position = parent;
    }
    this.#order[position] = id;
    this.#positions[id] = position;
  }

  #down(from: number): void {
    const id = this.#order[from]!;
    let position = from;
    for (;;) {
      let child = 2 * position + 1;
      if (child >= this.#size) break;
      const right = child + 1;
      if (right < this.#size && this.#before(this.#order[right]!, this.#order[child]!))
        child = right;
      const other = this.#order[child]!;
      if (!this.#before(other, id)) break;
      this.#order[position] = other;
      this.#positions[other] = position;
      position = child;
    }
    this.#order[position] = id;
    this.#positions[id] = position;
  }
}
