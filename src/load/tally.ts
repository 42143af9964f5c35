/** Counts what came instead of answers, by status and code, with the first message of each: a handful of kinds in practice. */
import type { LoadError } from "../results/results.ts";

/** Kinds kept apart; codes are the server's, and it may make up any number of them. */
const MOST_KINDS = 50;
const MOST_MESSAGE_CHARS = 300;

export class ErrorTally {
  readonly #kinds = new Map<string, LoadError>();

  add(error: Omit<LoadError, "count">): void {
    const plain = `${error.status}/${error.code}/${error.reason}`;
    const isKnown = this.#kinds.has(plain);
    const isFull = !isKnown && this.#kinds.size >= MOST_KINDS;
    const key = isFull ? "others" : plain;
    const before = this.#kinds.get(key);
    if (before !== undefined) {
      this.#kinds.set(key, { ...before, count: before.count + 1 });
      return;
    }
    const message = error.message.slice(0, MOST_MESSAGE_CHARS);
    this.#kinds.set(
      key,
      isFull
        ? { status: null, code: "others", reason: null, message: "further kinds", count: 1 }
        : { ...error, message, count: 1 },
    );
  }

  /** Most frequent first. */
  list(): readonly LoadError[] {
    return [...this.#kinds.values()].toSorted(
      (a, b) => b.count - a.count || (a.code < b.code ? -1 : 1),
    );
  }
}
