/**
 * The waiting requests of one tenant in one pool, in the order its policy wants them, and what they add up to. The head
 * is the only request that can be scheduled: what holds it back holds back its tenant, and nobody else.
 */
import { Heap } from "../../base/heap.ts";
import type { Request } from "../request.ts";

/** What a policy sees of a queue. */
export interface QueueView {
  readonly tenant: number;
  readonly tier: number;
  readonly head: Request<unknown> | undefined;
  readonly isPassedOver: boolean;
}

export class TenantQueue<Origin> implements QueueView {
  readonly tenant: number;
  tier: number;
  #requests: Heap<Request<Origin>>;
  readonly #before: (a: Request<unknown>, b: Request<unknown>) => boolean;
  /** Prompt and predicted output tokens of all that wait. */
  waitingTokens = 0;
  /** Counts the times it became non-empty: equal numbers at two moments mean it never was empty between. */
  backlogNumber = 0;
  /** Its head was refused in the present round of scheduling. */
  isPassedOver = false;

  constructor(given: {
    readonly tenant: number;
    readonly tier: number;
    readonly before: (a: Request<unknown>, b: Request<unknown>) => boolean;
  }) {
    this.tenant = given.tenant;
    this.tier = given.tier;
    this.#before = given.before;
    this.#requests = new Heap<Request<Origin>>(given.before);
  }

  get size(): number {
    return this.#requests.size;
  }

  get head(): Request<Origin> | undefined {
    return this.#requests.peek();
  }

  push(request: Request<Origin>): void {
    if (this.size === 0) this.backlogNumber += 1;
    this.#requests.push(request);
    this.waitingTokens += request.promptTokens + request.predictedTokens;
  }

  takeHead(): void {
    const request = this.#requests.pop()!;
    this.waitingTokens -= request.promptTokens + request.predictedTokens;
  }

  remove(request: Request<Origin>): void {
    if (this.#requests.remove(request)) {
      this.waitingTokens -= request.promptTokens + request.predictedTokens;
    }
  }

  /** The order that it was made with has come to mean something else. */
  reorder(): void {
    const waiting = this.#requests.values();
    this.#requests = new Heap<Request<Origin>>(this.#before);
    for (const request of waiting) this.#requests.push(request);
  }

  values(): readonly Request<Origin>[] {
    return this.#requests.values();
  }
}
