/**
 * The time in which a replica runs no step, by why: idle between steps, down, booting (paid for, not yet able to work), or off
 * (given back, and not paid for). Each kind is measured from its own gaps and none is taken as what the others leave, so
 * that busy + idle + down + boot + off = time is a check that can fail.
 */

export type RestKind = "idle" | "down" | "boot" | "off";

export class RestClock {
  readonly #totalNs: Record<RestKind, number> = { idle: 0, down: 0, boot: 0, off: 0 };
  #kind: RestKind | undefined;
  #sinceNs = 0;

  /** Rests as `kind` from time 0. */
  constructor(kind: RestKind) {
    this.#kind = kind;
  }

  get kind(): RestKind | undefined {
    return this.#kind;
  }

  /** Begins to rest, or rests for another reason from now on. */
  start(nowNs: number, kind: RestKind): void {
    this.stop(nowNs);
    this.#kind = kind;
  }

  /** A step begins. */
  stop(nowNs: number): void {
    if (this.#kind !== undefined) this.#totalNs[this.#kind] += nowNs - this.#sinceNs;
    this.#kind = undefined;
    this.#sinceNs = nowNs;
  }

  until(nowNs: number, kind: RestKind): number {
    return this.#totalNs[kind] + (this.#kind === kind ? nowNs - this.#sinceNs : 0);
  }
}
