/**
 * The virtual clock's agenda: every source of events (a client, a replica, the fault plan) has at most one next event in it, which
 * it moves as things change. Order is (time, rank, sequence): the rank table below settles what happens first at equal
 * times, and within a rank the source that was scheduled earlier goes first.
 */
import { assert } from "../base/assert.ts";
import { IndexedHeap } from "../base/indexed-heap.ts";

/**
 * What happens first at one instant. Faults strike before anything else can finish; a calendar day begins before requests are
 * counted against it; those who give up do so before newcomers are looked at; newcomers still catch a step boundary of the same
 * instant; observers see the instant when it is over.
 */
export const RANKS = [
  "fault",
  "calendar",
  "timeout",
  "arrival",
  "replica",
  "adapter",
  "wake",
  "sample",
] as const;

export type Rank = (typeof RANKS)[number];

/** Ranks whose events come again for ever and move no request. */
const RECURRING: ReadonlySet<Rank> = new Set<Rank>(["calendar", "wake", "sample"]);

/** Sequence numbers stay below this, so that (rank, sequence) is one exact number. */
const SEQUENCES = 281_474_976_710_656;

export class EventQueue {
  readonly #heap: IndexedHeap;
  readonly #rankOf: number[] = [];
  readonly #handlers: ((nowNs: number) => void)[] = [];
  /** The source whose event is being run; it stays in the heap until it has said when its next one is. */
  #running = -1;
  #sequence = 0;
  #nowNs = 0;

  constructor(capacity: number) {
    this.#heap = new IndexedHeap(capacity);
  }

  get nowNs(): number {
    return this.#nowNs;
  }

  /** Time of the next event; Infinity when there is none. */
  get nextNs(): number {
    return this.#heap.firstKey;
  }

  /** Whether anything is on the agenda that could move a request. O(sources). */
  get hasWork(): boolean {
    return this.#rankOf.some(
      (rank, source) => !RECURRING.has(RANKS[rank]!) && this.#heap.has(source),
    );
  }

  /** Registers a source; returns its id. */
  addSource(rank: Rank, handler: (nowNs: number) => void): number {
    this.#rankOf.push(RANKS.indexOf(rank));
    this.#handlers.push(handler);
    return this.#handlers.length - 1;
  }

  /** Sets a source's next event, or takes it back with Infinity. */
  schedule(source: number, timeNs: number): void {
    if (source === this.#running) this.#running = -1;
    if (timeNs === Infinity) {
      this.#heap.delete(source);
      return;
    }
    assert(timeNs >= this.#nowNs, "an event in the past");
    this.#heap.set(source, timeNs, this.#rankOf[source]! * SEQUENCES + this.#sequence++);
  }

  /** Moves the clock to the next event and runs it; false when there is none. */
  runNext(): boolean {
    const timeNs = this.#heap.firstKey;
    if (timeNs === Infinity) return false;
    const source = this.#heap.first;
    this.#nowNs = timeNs;
    this.#running = source;
    this.#handlers[source]!(timeNs);
    if (this.#running === source) this.#heap.delete(source);
    this.#running = -1;
    return true;
  }
}
