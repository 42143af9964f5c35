/**
 * Cuts a text at the first stop string, as it comes in pieces. What may be the beginning of a stop string is held back until
 * it is known: a client never sees a part of one.
 */

export class StopCutter {
  readonly #stops: readonly string[];
  #held = "";
  #hasMatched = false;

  /** None of the stops is empty. */
  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  /** A stop string has come: there is no more output. */
  get hasMatched(): boolean {
    return this.#hasMatched;
  }

  /** What can be given out after this piece. */
  push(piece: string): string {
    if (this.#hasMatched) return "";
    const text = this.#held + piece;
    const cutAt = this.#firstMatch(text);
    if (cutAt >= 0) {
      this.#hasMatched = true;
      this.#held = "";
      return text.slice(0, cutAt);
    }
    const keep = this.#longestBeginning(text);
    this.#held = text.slice(text.length - keep);
    return text.slice(0, text.length - keep);
  }

  /** What was held back and turned out to be no stop string: there is no more to come. */
  end(): string {
    const held = this.#held;
    this.#held = "";
    return held;
  }

  #firstMatch(text: string): number {
    let first = -1;
    for (const stop of this.#stops) {
      const at = text.indexOf(stop);
      if (at >= 0 && (first < 0 || at < first)) first = at;
    }
    return first;
  }

  /** Characters at the end of `text` with which a stop string begins. */
  #longestBeginning(text: string): number {
    let longest = 0;
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
        if (text.endsWith(stop.slice(0, length))) longest = length;
      }
    }
    return longest;
  }
}
