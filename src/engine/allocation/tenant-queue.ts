/**
 * The waiting requests of one tenant in one pool, in the order its policy wants them, and what they add up to. The head
 * is the only request that can be scheduled: what holds it back holds back its tenant, and nobody else. Those that can no
 * longer meet their deadline stand in a second line behind the others, which has its turn now and then all the same.
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

/** The order within a queue; a policy is one. */
export interface QueueOrder {
  /** Among those in time; total, ending in the request's number. */
  before(a: Request<unknown>, b: Request<unknown>): boolean;
  /** Whether the request is out of reach of its deadline; once it is, it stays so. */
  isHopeless(request: Request<unknown>, nowNs: number): boolean;
  /** Among the hopeless; total. */
  hopelessBefore(a: Request<unknown>, b: Request<unknown>): boolean;
}

/** While some wait that can meet their deadline, one request in so many is one that cannot; assumed. */
const HOPELESS_TURN = 8;

export class TenantQueue<Origin> implements QueueView {
  readonly tenant: number;
  tier: number;
  #inTime: Heap<Request<Origin>>;
  #hopeless: Heap<Request<Origin>>;
  #order: QueueOrder;
  #turn = 0;
  /** Prompt and predicted output tokens of all that wait. */
  waitingTokens = 0;
  /** Counts the times it became non-empty: equal numbers at two moments mean it never was empty between. */
  backlogNumber = 0;
  /** Its head was refused in the present round of scheduling. */
  isPassedOver = false;

  constructor(who: { readonly tenant: number; readonly tier: number }, order: QueueOrder) {
    this.tenant = who.tenant;
    this.tier = who.tier;
    this.#order = order;
    this.#inTime = new Heap((a, b) => order.before(a, b));
    this.#hopeless = new Heap((a, b) => order.hopelessBefore(a, b));
  }

  get size(): number {
    return this.#inTime.size + this.#hopeless.size;
  }

  get head(): Request<Origin> | undefined {
    return this.#line.peek();
  }

  push(request: Request<Origin>): void {
    if (this.size === 0) this.backlogNumber += 1;
    this.#inTime.push(request);
    this.waitingTokens += request.promptTokens + request.predictedTokens;
  }

  takeHead(): void {
    const isChoice = this.#inTime.size > 0 && this.#hopeless.size > 0;
    const request = this.#line.pop()!;
    if (isChoice) this.#turn = (this.#turn + 1) % HOPELESS_TURN;
    this.waitingTokens -= request.promptTokens + request.predictedTokens;
  }

  remove(request: Request<Origin>): void {
    if (this.#inTime.remove(request) || this.#hopeless.remove(request)) {
      this.waitingTokens -= request.promptTokens + request.predictedTokens;
    }
  }

  /** Moves those whose deadline is out of reach by now into the second line. */
  relegate(nowNs: number): void {
    for (let first = this.#inTime.peek(); first !== undefined; first = this.#inTime.peek()) {
      if (!this.#order.isHopeless(first, nowNs)) return;
      this.#inTime.pop();
      this.#hopeless.push(first);
    }
  }

  /** Another order from now on. */
  reorder(order: QueueOrder): void {
    const waiting = this.values();
    this.#order = order;
    this.#inTime = new Heap((a, b) => order.before(a, b));
    this.#hopeless = new Heap((a, b) => order.hopelessBefore(a, b));
    for (const request of waiting) this.#inTime.push(request);
  }

  values(): readonly Request<Origin>[] {
    return [...this.#inTime.values(), ...this.#hopeless.values()];
  }

  /** The line whose turn it is. */
  get #line(): Heap<Request<Origin>> {
    if (this.#hopeless.size === 0) return this.#inTime;
    const isTheirTurn = this.#inTime.size === 0 || this.#turn === HOPELESS_TURN - 1;
    return isTheirTurn ? this.#hopeless : this.#inTime;
  }
}
