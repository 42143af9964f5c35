/**
 * A binary min-heap of any values, ordered by a total comparator given once. For queues whose entries are not small
 * integers (waiting requests, pending retries); where entries must be moved or taken out, see indexed-heap.ts.
 */

export class Heap<T> {
  readonly #items: T[] = [];
  /** A method, so that a heap of a narrower type can be looked at as one of a wider. */
  readonly #order: { before(a: T, b: T): boolean };

  /** `before` must be a strict total order, or equal runs could differ. */
  constructor(before: (a: T, b: T) => boolean) {
    this.#order = { before };
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    this.#items.push(item);
    this.#rise(this.#items.length - 1);
  }

  pop(): T | undefined {
    const top = this.#items[0];
    const last = this.#items.pop();
    if (this.#items.length > 0) this.#sink(last!, 0);
    return top;
  }

  /** Takes one item out, wherever it is: O(n). Returns whether it was in. */
  remove(item: T): boolean {
    const position = this.#items.indexOf(item);
    if (position === -1) return false;
    const last = this.#items.pop()!;
    if (last === item) return true;
    this.#sink(last, position);
    this.#rise(position);
    return true;
  }

  /** The items in no particular order, for checks and reports. */
  values(): readonly T[] {
    return this.#items;
  }

  #rise(from: number): void {
    const items = this.#items;
    const item = items[from]!;
    let position = from;
    while (position > 0) {
      const parent = (position - 1) >> 1;
      if (!this.#order.before(item, items[parent]!)) break;
      items[position] = items[parent]!;
      position = parent;
    }
    items[position] = item;
  }

  #sink(item: T, from: number): void {
    const items = this.#items;
    let position = from;
    for (;;) {
      let child = 2 * position + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.#order.before(items[child + 1]!, items[child]!))
        child += 1;
      if (!this.#order.before(items[child]!, item)) break;
      items[position] = items[child]!;
      position = child;
    }
    items[position] = item;
  }
}
