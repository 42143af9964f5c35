/**
 * What the engine knows of one replica: who is bound to it, in which slots, and how much of its next steps, KV cache and
 * adapter memory is spoken for; of a lent one also how much of that is its own pool's. Bookkeeping only: placement.ts and
 * lending.ts decide on it.
 */
import { assert } from "../../base/assert.ts";
import type { MeterReading } from "../../replica/port.ts";
import type { PoolConfig } from "../config.ts";
import type { Request } from "../request.ts";
import { AdapterResidency } from "./adapter-residency.ts";
import type { Hold } from "./overtaking.ts";
import type { LatencyForecast } from "./latency-forecast.ts";
import { PrefixIndex } from "./prefix-index.ts";
import { ReplicaLife } from "./replica-life.ts";

/** What the replicas of one pool have bound together, whoever's requests they are: asked for at every arrival. */
export interface PoolLoad {
  bound: number;
}

/** What a replica is made of, as far as the engine is concerned. */
export interface ReplicaParts {
  readonly index: number;
  /** Index of the pool it belongs to. */
  readonly pool: number;
  readonly config: PoolConfig;
  /** It begins without a machine, until it is provisioned. */
  readonly isOff: boolean;
  readonly meter: MeterReading;
  readonly forecast: LatencyForecast;
  readonly poolLoad: PoolLoad;
  /** Whether an adapter, by its number, is the owner's: kept when others would need its room. */
  readonly isOwnersAdapter: (adapter: number) => boolean;
}

/** How much later a borrower's prompt is due, ns: after all of the owner's. Longer than any prompt waits. */
const BEHIND_OWNER_NS = 1e15;

export class ReplicaView<Origin> {
  readonly index: number;
  readonly pool: number;
  readonly config: PoolConfig;
  readonly meter: MeterReading;
  readonly forecast: LatencyForecast;
  readonly poolLoad: PoolLoad;
  readonly adapters: AdapterResidency;
  readonly prefixes: PrefixIndex;
  /** Who holds each slot. */
  readonly bound: (Request<Origin> | undefined)[];
  readonly #freeSlots: number[];
  /** Whether it is paid for, and whether it is to take more sequences. */
  readonly life: ReplicaLife;
  /** Able to work: its backend says so. */
  isUp: boolean;
  /** Measured step time over the model's where that is far from 1 (stragglers.ts). */
  slowness = 1;
  boundCount = 0;
  /** Those among the bound that another pool's scheduler placed here. */
  borrowerCount = 0;
  /** Times its KV cache was full and someone had to leave. */
  pressureEvents = 0;
  /**
   * Prompt tokens bound here that have not been computed yet, without those thought to be cached; and those among them of
   * its own pool's requests.
   */
  pendingPromptTokens = 0;
  ownPendingPromptTokens = 0;
  /** Those whose prompts are not computed yet; few, for binding is late. */
  readonly #prefilling: Request<Origin>[] = [];
  /** Context of everything bound here at its predicted end, tokens and blocks. */
  contextTokens = 0;
  promisedBlocks = 0;
  /** As forecast.aheadNs says; NaN since what is bound here has changed. Asked far more often than it changes. */
  #aheadNs = Number.NaN;
  /** Requests of its own pool wait: it takes no borrowers. */
  isWantedByOwner = false;
  /** It is kept for a head that was overtaken often enough (overtaking.ts). */
  hold: Hold | undefined;

  constructor(parts: ReplicaParts) {
    const { config } = parts;
    this.index = parts.index;
    this.pool = parts.pool;
    this.config = config;
    this.meter = parts.meter;
    this.forecast = parts.forecast;
    this.poolLoad = parts.poolLoad;
    this.life = new ReplicaLife(parts.isOff);
    this.isUp = !parts.isOff;
    this.adapters = new AdapterResidency(config.adapterBudgetBytes, parts.isOwnersAdapter);
    this.prefixes = new PrefixIndex(config);
    this.bound = Array.from({ length: config.maxNumSeqs }, () => undefined);
    this.#freeSlots = Array.from(
      { length: config.maxNumSeqs },
      (_, i) => config.maxNumSeqs - 1 - i,
    );
  }

  /** Takes new sequences: able to work, and not on its way out. */
  get isOpen(): boolean {
    return this.isUp && this.life.state === "serving";
  }

  get hasFreeSlot(): boolean {
    return this.boundCount < this.config.maxNumSeqs;
  }

  /** Whether the request was placed here by another pool's scheduler, or would be. */
  isBorrower(request: Request<unknown>): boolean {
    return request.pool !== this.pool;
  }

  /** Tokens of the request's context that would have to be computed here. */
  uncachedTokens(request: Request<unknown>): number {
    return request.promptTokens + request.outputTokens - this.prefixes.likelyCached(request);
  }

  /** Predicted time from now to the first token of a prompt that joins behind what is bound here, ns. */
  firstTokenNs(uncachedTokens: number): number {
    if (Number.isNaN(this.#aheadNs)) this.#aheadNs = this.forecast.aheadNs(this);
    return (this.#aheadNs + this.forecast.promptNs(uncachedTokens)) * this.slowness;
  }

  /** When the prompt of a request that is due at `dueNs` is due here. */
  dueHereNs(request: Request<unknown>, dueNs: number): number {
    return this.isBorrower(request) ? dueNs + BEHIND_OWNER_NS : dueNs;
  }

  /** Whether a borrower's prompt should have been computed by now: the owner's keep it from being so. */
  isOverdue(borrower: Request<Origin>, nowNs: number): boolean {
    return !borrower.isPrefilled && borrower.prefillDueNs - BEHIND_OWNER_NS <= nowNs;
  }

  /**
   * Prompt tokens bound here that `waiting` must let pass if it is due here at `dueNs`: those due before it. Of others that came
   * after it was held up, none: so nobody is held up for ever.
   */
  promptTokensBefore({ tenant, heldUpNs }: Request<unknown>, dueNs: number): number {
    let tokens = 0;
    for (const request of this.#prefilling) {
      if (request.prefillDueNs > dueNs) continue;
      if (request.boundNs > heldUpNs && request.tenant !== tenant) continue;
      tokens += pendingTokens(request);
    }
    return tokens;
  }

  /** Prompt tokens counted one by one, for checks. */
  get countedPromptTokens(): number {
    return this.#prefilling.reduce((sum, request) => sum + pendingTokens(request), 0);
  }

  /** The request as one that might have to leave: it loses what it has had computed of its context, at most all of it. */
  victim(request: Request<Origin>): {
    readonly request: Request<Origin>;
    readonly lostTokens: number;
  } {
    const produced = request.isPrefilled ? this.meter.steps - request.firstStep + 1 : 0;
    return { request, lostTokens: request.promptTokens + request.outputTokens + produced };
  }

  /** Gives the request a slot and speaks for what it will need. */
  bind(request: Request<Origin>, promisedBlocks: number): void {
    const slot = this.#freeSlots.pop();
    assert(slot !== undefined, "bound to a replica without a free slot");
    this.boundCount += 1;
    this.poolLoad.bound += 1;
    if (this.isBorrower(request)) this.borrowerCount += 1;
    request.replica = this.index;
    request.slot = slot;
    request.promisedBlocks = promisedBlocks;
    this.bound[slot] = request;
    request.cachedHere = this.prefixes.likelyCached(request);
    this.prefixes.bound(request);
    this.#addPending(request, 1);
    this.#prefilling.push(request);
    this.contextTokens += request.promptTokens + request.predictedTokens;
    this.promisedBlocks += promisedBlocks;
  }

  /** It has joined, and the replica had this many tokens of its context; true when less is left to compute than was thought. */
  joined(request: Request<Origin>, cachedTokens: number): boolean {
    if (request.state === "joining") request.state = "running";
    const isMore = cachedTokens > request.cachedHere;
    this.#addPending(request, -1);
    request.cachedHere = cachedTokens;
    this.#addPending(request, 1);
    return isMore;
  }

  /** Its prompt (or recomputed context) is done. */
  prefilled(request: Request<Origin>): void {
    this.#addPending(request, -1);
    const last = this.#prefilling.pop()!;
    if (last !== request) this.#prefilling[this.#prefilling.indexOf(request)] = last;
  }

  /** Frees the slot; before the stay's output is added to the request, for its context is what was bound. */
  unbind(request: Request<Origin>, outputTokens: number): void {
    assert(this.bound[request.slot] === request, "unbound from a slot it does not hold");
    this.bound[request.slot] = undefined;
    this.boundCount -= 1;
    this.poolLoad.bound -= 1;
    if (this.isBorrower(request)) this.borrowerCount -= 1;
    this.#freeSlots.push(request.slot);
    if (!request.isPrefilled) this.prefilled(request);
    request.isPrefilled = false;
    this.contextTokens -= request.promptTokens + request.predictedTokens;
    this.#aheadNs = Number.NaN;
    this.promisedBlocks -= request.promisedBlocks;
    if (this.isUp) this.prefixes.left(request, outputTokens);
  }

  #addPending(request: Request<Origin>, sign: 1 | -1): void {
    const tokens = sign * pendingTokens(request);
    this.pendingPromptTokens += tokens;
    this.#aheadNs = Number.NaN;
    if (!this.isBorrower(request)) this.ownPendingPromptTokens += tokens;
  }
}

/** Tokens of a bound request's context that are not cached where it is bound. */
function pendingTokens(request: Request<unknown>): number {
  return request.promptTokens + request.outputTokens - request.cachedHere;
}
