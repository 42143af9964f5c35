/**
 * The waiting requests of one tenant in one pool, in the order its policy wants them, and what they add up to. The head
 * is the only request that can be scheduled: what holds it back holds back its tenant, and nobody else; but a head that only
 * lacks memory for its adapter stands aside, with all that need the same one, and the others pass. Those that can no
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

/** Those that wait for memory for one adapter. */
interface Aside<Origin> {
  readonly adapter: number;
  readonly waiting: Heap<Request<Origin>>;
  /** Its first was refused in the present round of scheduling. */
  isTried: boolean;
  /** No replica had the adapter when its first was last refused. */
  isCold: boolean;
}

export class TenantQueue<Origin> implements QueueView {
  readonly tenant: number;
  tier: number;
  #inTime: Heap<Request<Origin>>;
  #hopeless: Heap<Request<Origin>>;
  #order: QueueOrder;
  #turn = 0;
  /** In the order in which their first were set aside. */
  #aside: Aside<Origin>[] = [];
  /** Of the adapters that no replica has, one was refused in the present round: the others wait behind it. */
  #isColdTried = false;
  /** All that wait lack memory for an adapter: it does not compete for anything else. */
  isStranded = false;
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
    const size = this.#inTime.size + this.#hopeless.size;
    if (this.#aside.length === 0) return size;
    return this.#aside.reduce((sum, { waiting }) => sum + waiting.size, size);
  }

  /** Those set aside have waited longest, so they come first; where nobody is left to try, the first of them. */
  get head(): Request<Origin> | undefined {
    if (this.#aside.length === 0) return this.#line.peek();
    return (
      (this.#untried ?? { waiting: this.#line }).waiting.peek() ?? this.#aside[0]!.waiting.peek()
    );
  }

  /** Those that were the head in the last round, one after the other: none of them could be placed. For checks. */
  lookedAt(): Request<Origin>[] {
    const aside = this.#aside.filter(({ isTried }) => isTried);
    return [...aside.map(({ waiting }) => waiting.peek()!), this.head!];
  }

  push(request: Request<Origin>): void {
    if (this.size === 0) this.backlogNumber += 1;
    this.#inTime.push(request);
    this.waitingTokens += request.promptTokens + request.predictedTokens;
    this.#sortOut();
  }

  /**
   * The head lacks memory for its adapter, which no replica has if it `isCold`: in this round it is not tried again. Returns
   * whether there is another to try.
   */
  setAside(isCold: boolean): boolean {
    const lane = this.#untried ?? this.#newAside();
    lane.isTried = true;
    lane.isCold = isCold;
    if (isCold) this.#isColdTried = true;
    this.#sortOut();
    return this.#isAnyLeft;
  }

  /** A round of scheduling begins, or there may be room again in its midst. */
  lookAgain(): void {
    this.isPassedOver = false;
    if (this.#aside.length === 0) return;
    this.#isColdTried = false;
    for (const lane of this.#aside) lane.isTried = false;
  }

  takeHead(): void {
    if (this.#aside.length === 0) {
      this.#takeFromLine();
      return;
    }
    const lane = this.#untried;
    if (lane === undefined) {
      this.#takeFromLine();
    } else {
      const request = lane.waiting.pop()!;
      this.waitingTokens -= request.promptTokens + request.predictedTokens;
      this.#dropEmpty();
    }
    this.#sortOut();
    if (!this.#isAnyLeft) this.isPassedOver = true;
  }

  #takeFromLine(): void {
    const isChoice = this.#inTime.size > 0 && this.#hopeless.size > 0;
    const request = this.#line.pop()!;
    if (isChoice) this.#turn = (this.#turn + 1) % HOPELESS_TURN;
    this.waitingTokens -= request.promptTokens + request.predictedTokens;
  }

  remove(request: Request<Origin>): void {
    const isHere =
      this.#inTime.remove(request) ||
      this.#hopeless.remove(request) ||
      this.#aside.some(({ waiting }) => waiting.remove(request));
    if (isHere) this.waitingTokens -= request.promptTokens + request.predictedTokens;
    this.#dropEmpty();
    this.#sortOut();
  }

  /** Moves those whose deadline is out of reach by now into the second line. */
  relegate(nowNs: number): void {
    for (let first = this.#inTime.peek(); first !== undefined; first = this.#inTime.peek()) {
      if (!this.#order.isHopeless(first, nowNs)) break;
      this.#inTime.pop();
      this.#hopeless.push(first);
    }
    this.#sortOut();
  }

  /** Another order from now on. */
  reorder(order: QueueOrder): void {
    const waiting = this.values();
    this.#order = order;
    this.#inTime = new Heap((a, b) => order.before(a, b));
    this.#hopeless = new Heap((a, b) => order.hopelessBefore(a, b));
    this.#aside = [];
    for (const request of waiting) this.#inTime.push(request);
    this.#sortOut();
  }

  values(): readonly Request<Origin>[] {
    const aside = this.#aside.flatMap(({ waiting }) => waiting.values());
    return [...this.#inTime.values(), ...this.#hopeless.values(), ...aside];
  }

  /** The next of those set aside that is to be tried in this round. */
  get #untried(): Aside<Origin> | undefined {
    for (const lane of this.#aside) {
      if (!lane.isTried && !(lane.isCold && this.#isColdTried)) return lane;
    }
    return undefined;
  }

  /** Whether there is one to try in this round. */
  get #isAnyLeft(): boolean {
    return this.#line.size > 0 || this.#untried !== undefined;
  }

  #newAside(): Aside<Origin> {
    const first = this.#line.pop()!;
    const waiting = new Heap<Request<Origin>>((a, b) => this.#order.before(a, b));
    waiting.push(first);
    const lane = { adapter: first.adapter!, waiting, isTried: false, isCold: false };
    this.#aside.push(lane);
    return lane;
  }

  #dropEmpty(): void {
    if (this.#aside.length === 0) return;
    this.#aside = this.#aside.filter(({ waiting }) => waiting.size > 0);
  }

  /** Whoever comes to the front of its line and needs an adapter that others stand aside for, stands aside with them. */
  #sortOut(): void {
    if (this.#aside.length === 0 && !this.isStranded) return;
    for (let first = this.#line.peek(); first !== undefined; first = this.#line.peek()) {
      const { adapter } = first;
      const lane = this.#aside.find((one) => one.adapter === adapter);
      if (lane === undefined) break;
      lane.waiting.push(this.#line.pop()!);
    }
    const isStranded = this.#aside.length > 0 && this.#line.size === 0;
    // It competes again from now on, as if it had just come.
    if (this.isStranded && !isStranded) this.backlogNumber += 1;
    this.isStranded = isStranded;
  }

  /** The line whose turn it is. */
  get #line(): Heap<Request<Origin>> {
    if (this.#hopeless.size === 0) return this.#inTime;
    const isTheirTurn = this.#inTime.size === 0 || this.#turn === HOPELESS_TURN - 1;
    return isTheirTurn ? this.#hopeless : this.#inTime;
  }
}
