/**
 * Who is in a replica's batch: slots, prompts being computed, decoding sequences by the step at which they finish, and the KV
 * blocks they hold. Knows steps but not time; the replica around it runs the clock and tells the engine.
 */
import { assert } from "../base/assert.ts";
import { IndexedHeap } from "../base/indexed-heap.ts";
import { takeFirst } from "../base/take-first.ts";
import { type Prefill, chunkPairs, enqueuePrefill, planChunks } from "./chunking.ts";
import { KvCache } from "./kv-cache.ts";
import { LongestContext } from "./longest-context.ts";
import type { Departure, LeaveReason } from "./port.ts";
import type { PrefixKey } from "./prefix-key.ts";
import type { PrefixHold } from "./prefix-tree.ts";
import type { Segment, StepMeter } from "./step-meter.ts";
import type { StepBatch, StepModel } from "./step-model.ts";

/** A sequence on its way in: context to compute, and how many tokens it will produce (which no engine knows). */
export interface Joining {
  readonly contextTokens: number;
  readonly remainingTokens: number;
  /** The earlier this is, the sooner its context is computed (chunking.ts). */
  readonly dueNs: number;
  /** What its tokens are; undefined when they are like no other's, or nothing is cached. */
  readonly prefix?: PrefixKey | undefined;
}

class Slot implements Prefill {
  readonly slot: number;
  phase: "free" | "joining" | "prefilling" | "decoding" = "free";
  contextTokens = 0;
  computedTokens = 0;
  chunkTokens = 0;
  dueNs = 0;
  remainingTokens = 0;
  /** Index of the first step it can be in. */
  openStep = 0;
  prefix: PrefixKey | undefined;
  /** Its grip on what the cache has of it, while it runs. */
  hold: PrefixHold | undefined;
  /** Index of its first decode step. */
  decodeStart = 0;
  order = 0;
  /** It must leave at the next boundary. */
  isEvicted = false;

  constructor(slot: number) {
    this.slot = slot;
  }
}

export interface BatchSize {
  readonly maxNumSeqs: number;
  readonly kvBlocks: number;
  readonly blockTokens: number;
  readonly stepModel: Pick<StepModel, "readsLongestContext">;
}

export class RunningBatch {
  readonly meter: StepMeter;
  readonly kv: KvCache;
  /** Divides the same steps by their true cost, in an audited replica. */
  readonly #witness: StepMeter | undefined;
  readonly #slots: readonly Slot[];
  readonly #finishes: IndexedHeap;
  /** Kept for step models that read it. */
  readonly #longest: LongestContext | undefined;
  readonly #prefills: Slot[] = [];
  readonly #joining: Slot[] = [];
  #evicting: Slot[] = [];
  #order = 0;
  #contextTokens = 0;
  readonly #departure: Departure = {
    slot: 0,
    reason: "finished",
    outputTokens: 0,
    prefillPs: 0,
    decodePs: 0,
    batchSharePs: 0,
  };

  /** The meter has one slot for every sequence of `size`. */
  constructor(size: BatchSize, meter: StepMeter, witness: StepMeter | undefined) {
    this.meter = meter;
    this.kv = new KvCache(size.kvBlocks, size.blockTokens);
    this.#witness = witness;
    this.#slots = Array.from({ length: size.maxNumSeqs }, (_, slot) => new Slot(slot));
    this.#finishes = new IndexedHeap(size.maxNumSeqs);
    const { readsLongestContext } = size.stepModel;
    this.#longest = readsLongestContext ? new LongestContext(size.maxNumSeqs) : undefined;
  }

  get decodes(): number {
    return this.#finishes.size;
  }

  get isEmpty(): boolean {
    return this.#finishes.size === 0 && this.#prefills.length === 0;
  }

  get isAwaitingJoins(): boolean {
    return this.#joining.length > 0;
  }

  /** Whether the next joining sequence's blocks are free. */
  get canAdmit(): boolean {
    const slot = this.#joining[0];
    if (slot === undefined) return false;
    const { prefix, contextTokens } = slot;
    const blocks =
      prefix === undefined
        ? this.kv.blocksFor(contextTokens)
        : this.kv.blocksBeside(prefix, contextTokens);
    return blocks <= this.kv.free;
  }

  get hasEvictions(): boolean {
    return this.#evicting.length > 0;
  }

  /** Context of the decoding sequences in the next step, summed. */
  get contextTokens(): number {
    return this.#contextTokens;
  }

  /** Steps until the next decoding sequence has all its tokens; Infinity while none decodes. */
  get stepsToFinish(): number {
    return this.#finishes.firstKey - this.meter.steps;
  }

  /** Blocks that the next step will take beyond those in use. */
  get nextGrowth(): number {
    return this.kv.growth(this.meter.steps, 1);
  }

  claim(index: number, joining: Joining, openStep: number): void {
    const slot = this.#slots[index]!;
    assert(slot.phase === "free", "join into a slot that is taken");
    slot.phase = "joining";
    slot.contextTokens = joining.contextTokens;
    slot.remainingTokens = joining.remainingTokens;
    slot.openStep = openStep;
    slot.dueNs = joining.dueNs;
    slot.prefix = joining.prefix;
    slot.computedTokens = 0;
    slot.order = this.#order++;
    this.#joining.push(slot);
  }

  markForEviction(index: number): void {
    const slot = this.#slots[index]!;
    assert(slot.phase !== "free", "evict of an empty slot");
    if (slot.isEvicted) return;
    slot.isEvicted = true;
    this.#evicting.push(slot);
  }

  /** Takes the next joining sequence into the batch of step `step` if that is open to it and its context's blocks are free. */
  admitNext(step: number): Slot | undefined {
    if (!this.canAdmit || this.#joining[0]!.openStep > step) return undefined;
    const slot = takeFirst(this.#joining)!;
    if (slot.prefix === undefined) {
      this.kv.allocate(slot.contextTokens);
    } else {
      slot.hold = this.kv.share(slot.prefix, slot.contextTokens);
      slot.computedTokens = slot.hold.blocks * this.kv.blockTokens;
    }
    this.meter.kvBlocksUsed = this.kv.used;
    slot.phase = "prefilling";
    enqueuePrefill(this.#prefills, slot);
    this.meter.enter(slot.slot);
    this.#witness?.enter(slot.slot);
    return slot;
  }

  /** The next sequence whose context is now computed begins to decode. */
  nextPrefilled(): Slot | undefined {
    const slot = this.#prefills[0];
    if (slot === undefined || slot.computedTokens < slot.contextTokens) return undefined;
    takeFirst(this.#prefills);
    const step = this.meter.steps;
    slot.phase = "decoding";
    slot.decodeStart = step;
    this.#contextTokens += slot.contextTokens + 1;
    this.kv.startDecode(slot.contextTokens, step);
    this.#longest?.start(slot.slot, step, slot.contextTokens + 1);
    this.#finishes.set(slot.slot, step + slot.remainingTokens - 1, slot.order);
    this.meter.startDecode(slot.slot, step, slot.contextTokens + 1);
    this.#witness?.startDecode(slot.slot, step, slot.contextTokens + 1);
    return slot;
  }

  /** The next sequence that has all its tokens. */
  nextFinished(): Slot | undefined {
    if (this.#finishes.firstKey !== this.meter.steps) return undefined;
    return this.#slots[this.#finishes.first]!;
  }

  /** The next sequence that was marked and is still here, out of whatever queue it is in. */
  nextEvicted(): Slot | undefined {
    for (;;) {
      const slot = takeFirst(this.#evicting);
      if (slot === undefined || slot.isEvicted) return slot;
    }
  }

  /** Slots taken, for a crash, which overtakes evictions asked for. */
  occupied(): Slot[] {
    this.#evicting = [];
    return this.#slots.filter(({ phase }) => phase !== "free");
  }

  /** Frees the slot; the departure is reused by the next call. */
  remove(slot: Slot, reason: LeaveReason): Departure {
    const { meter } = this;
    const departure = this.#departure;
    const { slot: index, phase } = slot;
    const steps = phase === "decoding" ? meter.steps - slot.decodeStart : 0;
    departure.slot = index;
    departure.reason = reason;
    departure.outputTokens = phase === "decoding" ? steps + 1 : 0;
    departure.prefillPs = departure.decodePs = departure.batchSharePs = 0;
    if (phase === "joining") {
      this.#joining.splice(this.#joining.indexOf(slot), 1);
    } else {
      departure.prefillPs = meter.share.prefillPs(index);
      departure.decodePs = meter.share.decodePs(index);
      departure.batchSharePs = meter.batchShare.prefillPs(index) + meter.batchShare.decodePs(index);
      this.#releaseKv(slot, steps);
    }
    if (phase === "prefilling") this.#prefills.splice(this.#prefills.indexOf(slot), 1);
    if (phase === "decoding") {
      this.kv.stopDecode(slot.contextTokens, slot.decodeStart);
      this.#finishes.delete(index);
      this.#longest?.stop(index);
      this.#contextTokens -= slot.contextTokens + steps + 1;
    }
    meter.leave(index);
    meter.kvBlocksUsed = this.kv.used;
    slot.phase = "free";
    slot.isEvicted = false;
    return departure;
  }

  /** Frees the blocks of a sequence that has decoded for `steps` steps; those computed stay cached where it may share them. */
  #releaseKv(slot: Slot, steps: number): void {
    const tokens = slot.contextTokens + steps;
    const { hold } = slot;
    if (hold === undefined) {
      this.kv.release(tokens);
      return;
    }
    this.kv.keep(hold, slot.computedTokens + steps);
    this.kv.drop(hold, tokens);
    slot.hold = undefined;
  }

  /** Composes the next step within the token budget, into the segment and the step model's terms. */
  compose(maxNumBatchedTokens: number, segment: Segment, batch: StepBatch): void {
    const decodes = this.#finishes.size;
    const prefills = this.#prefills;
    segment.prefills = prefills;
    segment.chunks = planChunks(prefills, maxNumBatchedTokens - decodes);
    let tokens = 0;
    let pairs = 0;
    for (let index = 0; index < segment.chunks; index++) {
      const { chunkTokens, computedTokens } = prefills[index]!;
      tokens += chunkTokens;
      pairs += chunkPairs(chunkTokens, computedTokens);
    }
    batch.decodes = segment.decodes = decodes;
    batch.prefills = segment.chunks;
    batch.prefillTokens = segment.prefillTokens = tokens;
    batch.prefillPairs = segment.prefillPairs = pairs;
    batch.contextTokens = this.#contextTokens;
    if (this.#longest !== undefined) {
      batch.longestContextTokens = this.#longest.at(this.meter.steps);
    }
  }

  /** Applies the segment's steps: contexts and KV caches have grown, chunks are computed. */
  apply(segment: Segment): void {
    const { meter, kv } = this;
    const usedBefore = kv.used;
    kv.grow(meter.steps, segment.steps);
    meter.kvBlockNs += ((usedBefore + kv.used) / 2) * segment.busyNs;
    meter.record(segment);
    for (let index = 0; index < segment.chunks; index++) {
      const prefill = this.#prefills[index]!;
      prefill.computedTokens += prefill.chunkTokens;
      if (prefill.hold !== undefined) kv.keep(prefill.hold, prefill.computedTokens);
    }
    meter.kvBlocksUsed = kv.used;
    this.#contextTokens += segment.decodes * segment.steps;
  }

  /** The replica crashed or was given back, and nobody is in the batch: its memory is lost. */
  forgetPrefixes(): void {
    this.kv.forget();
  }

  /** Nobody is in the batch: totals that only matter to running sequences start afresh. */
  resetShares(): void {
    this.meter.resetShares();
    this.#witness?.resetShares();
  }
}
