/** A first-in, first-out line: a ring that doubles when it is full, so that no entry is ever moved to take another. */

/** Entries at first; a power of two, so that a place in the ring is a mask away. */
const SMALLEST = 8;

export class Fifo<T> {
  #ring: (T | undefined)[] = Array.from({ length: SMALLEST }, () => undefined);
  #first = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The one that has waited longest. */
  peek(): T | undefined {
    return this.#ring[this.#first];
  }

  push(item: T): void {
    if (this.#size === this.#ring.length) this.#double();
    this.#ring[this.#placeOf(this.#size)] = item;
    this.#size += 1;
  }

  take(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#ring[this.#first];
    this.#ring[this.#first] = undefined;
    this.#first = this.#placeOf(1);
    this.#size -= 1;
    return item;
  }

  /** Where the entry stands that has so many before it. */
  #placeOf(before: number): number {
    return (this.#first + before) & (this.#ring.length - 1);
  }

  #double(): void {
    const inOrder = this.#ring.map((_, before) => this.#ring[this.#placeOf(before)]);
    this.#ring = [...inOrder, ...inOrder.map(() => undefined)];
    this.#first = 0;
  }
}
