/**
 * What the engine knows of one replica: who is bound to it, in which slots, and how much of its next steps, KV cache and
 * adapter memory is spoken for. Bookkeeping only; placement.ts decides on it.
 */
import { assert } from "../../base/assert.ts";
import type { MeterReading } from "../../replica/port.ts";
import type { PoolConfig } from "../config.ts";
import type { Request } from "../request.ts";
import { AdapterResidency } from "./adapter-residency.ts";

export class ReplicaView<Origin> {
  readonly index: number;
  readonly pool: number;
  readonly config: PoolConfig;
  readonly meter: MeterReading;
  readonly adapters: AdapterResidency;
  /** Who holds each slot. */
  readonly bound: (Request<Origin> | undefined)[];
  readonly #freeSlots: number[];
  isUp = true;
  boundCount = 0;
  /** Times its KV cache was full and someone had to leave. */
  pressureEvents = 0;
  /** Prompt tokens bound here that have not been computed yet. */
  pendingPromptTokens = 0;
  /** Context of everything bound here at its predicted end, tokens and blocks. */
  contextTokens = 0;
  promisedBlocks = 0;

  constructor(index: number, pool: number, config: PoolConfig, meter: MeterReading) {
    this.index = index;
    this.pool = pool;
    this.config = config;
    this.meter = meter;
    this.adapters = new AdapterResidency(config.adapterBudgetBytes);
    this.bound = Array.from({ length: config.maxNumSeqs }, () => undefined);
    this.#freeSlots = Array.from(
      { length: config.maxNumSeqs },
      (_, i) => config.maxNumSeqs - 1 - i,
    );
  }

  get hasFreeSlot(): boolean {
    return this.boundCount < this.config.maxNumSeqs;
  }

  /** Gives the request a slot and speaks for what it will need. */
  bind(request: Request<Origin>, promisedBlocks: number): void {
    const slot = this.#freeSlots.pop();
    assert(slot !== undefined, "bound to a replica without a free slot");
    this.boundCount += 1;
    request.replica = this.index;
    request.slot = slot;
    request.promisedBlocks = promisedBlocks;
    this.bound[slot] = request;
    this.pendingPromptTokens += request.promptTokens + request.outputTokens;
    this.contextTokens += request.promptTokens + request.predictedTokens;
    this.promisedBlocks += promisedBlocks;
  }

  /** Its prompt (or recomputed context) is done. */
  prefilled(request: Request<Origin>): void {
    this.pendingPromptTokens -= request.promptTokens + request.outputTokens;
  }

  /** Frees the slot; before the stay's output is added to the request, for its context is what was bound. */
  unbind(request: Request<Origin>): void {
    assert(this.bound[request.slot] === request, "unbound from a slot it does not hold");
    this.bound[request.slot] = undefined;
    this.boundCount -= 1;
    this.#freeSlots.push(request.slot);
    if (!request.isPrefilled) this.prefilled(request);
    request.isPrefilled = false;
    this.contextTokens -= request.promptTokens + request.predictedTokens;
    this.promisedBlocks -= request.promisedBlocks;
  }
}
