/**
 * The requests being answered: how many there are, whether newcomers are still welcome, and one timer that looks after all of
 * them instead of one timer each.
 */

/** Most of what a limit of time may be exceeded by, ms. */
const SWEEP_EVERY_MS = 250;

interface OpenAnswer {
  /** Looks whether it has taken too long. */
  sweep(nowMs: number): void;
  /** The server goes away before the answer is complete. */
  cutOff(): void;
}

export class Traffic {
  isDraining = false;
  readonly #open = new Set<OpenAnswer>();
  #timer: NodeJS.Timeout | undefined;
  #onIdle: (() => void)[] = [];

  get size(): number {
    return this.#open.size;
  }

  add(answer: OpenAnswer): void {
    this.#open.add(answer);
    this.#timer ??= setInterval(() => this.#sweep(), SWEEP_EVERY_MS).unref();
  }

  delete(answer: OpenAnswer): void {
    this.#open.delete(answer);
    if (this.#open.size > 0) return;
    const waiting = this.#onIdle;
    this.#onIdle = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves when nothing is being answered. */
  idle(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
    });
  }

  cutOffAll(): void {
    for (const answer of this.#open) answer.cutOff();
  }

  #sweep(): void {
    if (this.#open.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const nowMs = performance.now();
    for (const answer of this.#open) answer.sweep(nowMs);
  }
}
