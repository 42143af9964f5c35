/**
 * A replica that runs its batch from a step-time model: continuous batching, chunked prefill, paged KV cache. Between
 * membership changes it does not step but jumps (jump.ts) to the next boundary at which anything can happen; a call in
 * mid-jump cuts the jump at the first boundary that is not earlier. It decides nothing: who joins and who must leave is
 * the engine's business. The simulator drives it with a virtual clock, the paced backend with a real one.
 *
 * Published times are the boundary's picoseconds rounded up to nanoseconds. A call at the very time of a boundary that
 * has not been processed yet takes effect at that boundary.
 */
import { assert } from "../base/assert.ts";
import { IndexedHeap } from "../base/indexed-heap.ts";
import { type Prefill, chunkPairs, planChunks } from "./chunking.ts";
import { MAX_JUMP_STEPS, jumpPs, stepsBeyond } from "./jump.ts";
import { KvCache } from "./kv-cache.ts";
import type { Departure, LeaveReason, ReplicaListener } from "./port.ts";
import { type Segment, StepMeter } from "./step-meter.ts";
import type { StepBatch, StepCost, StepModel } from "./step-model.ts";

export interface SimulatedReplicaConfig {
  /** Its index, handed back with every notification. */
  readonly index: number;
  readonly stepModel: StepModel;
  readonly maxNumSeqs: number;
  readonly maxNumBatchedTokens: number;
  readonly kvBlocks: number;
  readonly blockTokens: number;
  /** What steps really take, where that shall differ from what the biller believes (the attribution audit). */
  readonly truth?: StepTruth;
}

/** The hidden truth of an audited replica: its own coefficients, and a factor drawn for every step. */
export interface StepTruth {
  readonly stepModel: StepModel;
  readonly noise: () => number;
  /** Hears of every step's true cost, to divide it truly. */
  readonly witness: StepMeter;
}

/** A sequence on its way in: context to compute, and how many tokens it will produce (which no engine knows). */
export interface Joining {
  readonly contextTokens: number;
  readonly remainingTokens: number;
}

/** Where a replica stands; the phases of a slot are free, joining, prefilling, decoding. */
type ReplicaState = "idle" | "running" | "stalled" | "down";

class Slot implements Prefill {
  readonly slot: number;
  phase: "free" | "joining" | "prefilling" | "decoding" = "free";
  contextTokens = 0;
  computedTokens = 0;
  chunkTokens = 0;
  remainingTokens = 0;
  decodeStart = 0;
  order = 0;

  constructor(slot: number) {
    this.slot = slot;
  }
}

/** Offsets are folded into the base beyond this, long before picoseconds stop being exact (2^53). */
const REBASE_PS = 2_251_799_813_685_248;

export class SimulatedReplica {
  readonly meter: StepMeter;
  readonly #config: SimulatedReplicaConfig;
  readonly #listener: ReplicaListener;
  readonly #slots: Slot[];
  readonly #kv: KvCache;
  /** Decoding slots by the step at whose end they have all their tokens. */
  readonly #finishes: IndexedHeap;
  readonly #departure: Departure;
  readonly #batch: StepBatch = { decodes: 0, prefills: 0, prefillTokens: 0, prefillPairs: 0 };
  readonly #trueCost: StepCost = { totalPs: 0, fixedPs: 0, attentionPs: 0 };
  readonly #segment: Segment;
  #prefills: Slot[] = [];
  #joining: Slot[] = [];
  #evicting: Slot[] = [];
  #state: ReplicaState = "idle";
  #atBoundary = false;
  #order = 0;
  #askedStep = Infinity;
  #slowdown = 1;
  /** Context of the decoding sequences in the next step. */
  #contextTokens = 0;
  #baseNs = 0;
  #offsetPs = 0;
  #lastBoundaryNs = 0;
  /** The jump being run: its length, its first step's time and how much longer each next one is. */
  #steps = 0;
  #firstPs = 0;
  #growthPs = 0;
  #stepEventNs = Infinity;

  constructor(config: SimulatedReplicaConfig, listener: ReplicaListener) {
    assert(config.maxNumBatchedTokens > config.maxNumSeqs, "no budget left for prompts");
    this.#config = config;
    this.#listener = listener;
    this.meter = new StepMeter(config.maxNumSeqs);
    this.#slots = Array.from({ length: config.maxNumSeqs }, (_, slot) => new Slot(slot));
    this.#kv = new KvCache(config.kvBlocks, config.blockTokens);
    this.#finishes = new IndexedHeap(config.maxNumSeqs);
    this.#departure = {
      slot: 0,
      reason: "finished",
      outputTokens: 0,
      prefillPs: 0,
      decodePs: 0,
      batchSharePs: 0,
    };
    this.#segment = {
      step: 0,
      steps: 0,
      decodes: 0,
      chunks: 0,
      prefills: this.#prefills,
      prefillTokens: 0,
      prefillPairs: 0,
      contextTokens: 0,
      cost: { totalPs: 0, fixedPs: 0, attentionPs: 0 },
      contextTokenPs: 0,
      measuredPs: 0,
      scale: 1,
      busyNs: 0,
    };
  }

  /** When `advance` must be called next; Infinity while only a call from outside can change anything. */
  get nextEventNs(): number {
    return this.#stepEventNs;
  }

  get isDown(): boolean {
    return this.#state === "down";
  }

  /** The sequence enters the batch at the next boundary at which its context's KV blocks are free. */
  join(nowNs: number, slot: number, joining: Joining): void {
    const entry = this.#slots[slot]!;
    assert(this.#state !== "down", "join on a replica that is down");
    assert(entry.phase === "free", "join into a slot that is taken");
    entry.phase = "joining";
    entry.contextTokens = joining.contextTokens;
    entry.remainingTokens = joining.remainingTokens;
    entry.computedTokens = 0;
    entry.order = this.#order++;
    this.#joining.push(entry);
    this.#interrupt(nowNs);
  }

  evict(nowNs: number, slot: number): void {
    const entry = this.#slots[slot]!;
    assert(entry.phase !== "free", "evict of an empty slot");
    this.#evicting.push(entry);
    this.#interrupt(nowNs);
  }

  /** `boundary` will be notified at the end of step number `step`, or at the next boundary when that has passed. */
  askBoundary(nowNs: number, step: number): void {
    this.#askedStep = Math.min(this.#askedStep, step);
    this.#interrupt(nowNs);
  }

  /** A straggler: from the next boundary on, steps take `factor` times as long. */
  setSlowdown(nowNs: number, factor: number): void {
    this.#slowdown = factor;
    this.#interrupt(nowNs);
  }

  /** Everything in the batch is lost; boundaries before `nowNs` have happened, the step under way has not. */
  crash(nowNs: number, cause: string): void {
    if (this.#state === "down") return;
    if (this.#state === "running") {
      const done = this.#stepsBefore(nowNs) - 1;
      if (done > 0) this.#complete(done);
      this.meter.lose(nowNs - this.#lastBoundaryNs);
    }
    this.#state = "down";
    this.meter.stopIdle(nowNs);
    this.meter.startDown(nowNs);
    this.#stepEventNs = Infinity;
    this.#askedStep = Infinity;
    this.#atBoundary = true;
    this.#listener.down(nowNs, this.#config.index, cause);
    for (const slot of this.#slots) {
      if (slot.phase !== "free") this.#leave(nowNs, slot, "replica-down");
    }
    this.#prefills.length = 0;
    this.#joining = [];
    this.#evicting = [];
    this.#atBoundary = false;
    this.#resetTotals();
  }

  restart(nowNs: number): void {
    if (this.#state !== "down") return;
    this.#state = "idle";
    this.meter.stopDown(nowNs);
    this.meter.startIdle(nowNs);
    this.#listener.up(nowNs, this.#config.index);
  }

  /** Runs the boundary at `nowNs`, which must be nextEventNs. */
  advance(nowNs: number): void {
    assert(nowNs === this.#stepEventNs, "advanced to a time that is not the next event");
    if (this.#state === "running") this.#complete(this.#steps);
    else this.#startBusy(nowNs);
    this.#state = "running";
    this.#boundary(nowNs);
  }

  #boundary(nowNs: number): void {
    this.#atBoundary = true;
    this.#finishPrefills(nowNs);
    while (this.#finishes.firstKey === this.meter.steps) {
      this.#leave(nowNs, this.#slots[this.#finishes.first]!, "finished");
    }
    if (this.#askedStep <= this.meter.steps) {
      this.#askedStep = Infinity;
      this.#listener.boundary(nowNs, this.#config.index);
    }
    this.#applyEvictions(nowNs);
    this.#admit(nowNs);
    if (this.#relievePressure(nowNs)) this.#plan(nowNs);
    this.#atBoundary = false;
  }

  #finishPrefills(nowNs: number): void {
    let done = 0;
    while (done < this.#prefills.length) {
      const slot = this.#prefills[done]!;
      if (slot.computedTokens < slot.contextTokens) break;
      done += 1;
    }
    if (done === 0) return;
    for (const slot of this.#prefills.splice(0, done)) {
      const step = this.meter.steps;
      slot.phase = "decoding";
      slot.decodeStart = step;
      this.#contextTokens += slot.contextTokens + 1;
      this.#kv.startDecode(slot.contextTokens, step);
      this.#finishes.set(slot.slot, step + slot.remainingTokens - 1, slot.order);
      this.meter.startDecode(slot.slot, step, slot.contextTokens + 1);
      this.#config.truth?.witness.startDecode(slot.slot, step, slot.contextTokens + 1);
      this.#listener.firstToken(nowNs, this.#config.index, slot.slot);
    }
  }

  #applyEvictions(nowNs: number): void {
    if (this.#evicting.length === 0) return;
    const evicting = this.#evicting;
    this.#evicting = [];
    for (const slot of evicting) {
      if (slot.phase === "free") continue;
      if (slot.phase === "joining") this.#joining.splice(this.#joining.indexOf(slot), 1);
      if (slot.phase === "prefilling") this.#prefills.splice(this.#prefills.indexOf(slot), 1);
      this.#leave(nowNs, slot, "evicted");
    }
  }

  #admit(nowNs: number): void {
    let taken = 0;
    while (taken < this.#joining.length) {
      const slot = this.#joining[taken]!;
      if (this.#kv.blocksFor(slot.contextTokens) > this.#kv.free) break;
      taken += 1;
      this.#kv.allocate(slot.contextTokens);
      slot.phase = "prefilling";
      this.#prefills.push(slot);
      this.meter.enter(slot.slot);
      this.#config.truth?.witness.enter(slot.slot);
      this.#listener.joined(nowNs, this.#config.index, slot.slot, 0);
    }
    if (taken === this.#joining.length) this.#joining.length = 0;
    else if (taken > 0) this.#joining.splice(0, taken);
  }

  /** Makes room for the next step's KV growth; false when the engine named no victim and the replica must wait. */
  #relievePressure(nowNs: number): boolean {
    while (this.#kv.growth(this.meter.steps, 1) > this.#kv.free) {
      this.meter.kvBlocksUsed = this.#kv.used;
      this.#listener.pressure(nowNs, this.#config.index);
      if (this.#evicting.length === 0) {
        this.#state = "stalled";
        this.#stepEventNs = Infinity;
        this.meter.startIdle(nowNs);
        return false;
      }
      this.#applyEvictions(nowNs);
    }
    return true;
  }

  /** Composes the next step and jumps as far as nothing can happen. */
  #plan(nowNs: number): void {
    const decodes = this.#finishes.size;
    this.meter.kvBlocksUsed = this.#kv.used;
    if (decodes === 0 && this.#prefills.length === 0) {
      assert(this.#joining.length === 0, "a context larger than the whole KV cache joined");
      this.#state = "idle";
      this.#stepEventNs = Infinity;
      this.meter.startIdle(nowNs);
      this.#resetTotals();
      return;
    }
    this.#measureStep(decodes);
    this.#steps = this.#segment.chunks > 0 ? 1 : this.#longestJump();
    this.#stepEventNs = this.#publishedNs(this.#offsetPs + this.#jumpPs(this.#steps));
    assert(this.#stepEventNs >= nowNs, "a jump ended before it began");
  }

  /** Fills in the segment for a step of the present batch, and how long it will really take. */
  #measureStep(decodes: number): void {
    const segment = this.#segment;
    const { stepModel, truth, maxNumBatchedTokens } = this.#config;
    segment.chunks = planChunks(this.#prefills, maxNumBatchedTokens - decodes);
    segment.prefillTokens = 0;
    segment.prefillPairs = 0;
    for (let index = 0; index < segment.chunks; index++) {
      const { chunkTokens, computedTokens } = this.#prefills[index]!;
      segment.prefillTokens += chunkTokens;
      segment.prefillPairs += chunkPairs(chunkTokens, computedTokens);
    }
    const batch = this.#batch;
    batch.decodes = segment.decodes = decodes;
    batch.prefills = segment.chunks;
    batch.prefillTokens = segment.prefillTokens;
    batch.prefillPairs = segment.prefillPairs;
    stepModel.cost(batch, segment.cost);
    segment.contextTokenPs = stepModel.contextTokenPs;
    let real = segment.cost;
    let contextTokenPs = segment.contextTokenPs;
    let factor = this.#slowdown;
    if (truth !== undefined) {
      truth.stepModel.cost(batch, this.#trueCost);
      real = this.#trueCost;
      contextTokenPs = truth.stepModel.contextTokenPs;
      factor *= truth.noise();
    }
    if (factor === 1) {
      this.#firstPs = real.totalPs + contextTokenPs * this.#contextTokens;
      this.#growthPs = contextTokenPs * decodes;
      return;
    }
    const slope = Math.round(contextTokenPs * factor);
    this.#firstPs = Math.round(real.totalPs * factor) + slope * this.#contextTokens;
    this.#growthPs = slope * decodes;
  }

  #longestJump(): number {
    if (this.#evicting.length > 0 || this.#config.truth !== undefined) return 1;
    const step = this.meter.steps;
    const limit = Math.min(
      this.#finishes.firstKey - step,
      Math.max(1, this.#askedStep - step),
      MAX_JUMP_STEPS,
    );
    return this.#kv.stepsThatFit(step, limit);
  }

  #jumpPs(steps: number): number {
    return jumpPs(steps, this.#firstPs, this.#growthPs);
  }

  /** Accounts for the first `steps` steps of the jump and stands at the boundary after them. */
  #complete(steps: number): void {
    const { meter } = this;
    const segment = this.#segment;
    const totalPs = this.#jumpPs(steps);
    this.#offsetPs += totalPs;
    const boundaryNs = this.#publishedNs(this.#offsetPs);
    const contextTokens =
      steps * this.#contextTokens + (segment.decodes * (steps * (steps - 1))) / 2;
    const modelledPs = steps * segment.cost.totalPs + segment.contextTokenPs * contextTokens;
    segment.step = meter.steps;
    segment.steps = steps;
    segment.contextTokens = contextTokens;
    // What is divided is the time between published boundaries, so that shares add up to busy time to the nanosecond.
    segment.busyNs = boundaryNs - this.#lastBoundaryNs;
    segment.measuredPs = segment.busyNs * 1000;
    segment.scale = segment.measuredPs / modelledPs;
    segment.prefills = this.#prefills;
    const usedBefore = this.#kv.used;
    this.#kv.grow(meter.steps, steps);
    meter.kvBlockNs += ((usedBefore + this.#kv.used) / 2) * segment.busyNs;
    meter.kvBlocksUsed = this.#kv.used;
    if (this.#config.truth !== undefined) this.#witness();
    meter.record(segment);
    for (let index = 0; index < segment.chunks; index++) {
      const prefill = this.#prefills[index]!;
      prefill.computedTokens += prefill.chunkTokens;
    }
    this.#contextTokens += segment.decodes * steps;
    this.#lastBoundaryNs = boundaryNs;
    if (this.#offsetPs > REBASE_PS) this.#rebase();
  }

  /** Divides the same step by its true coefficients, for the audit. */
  #witness(): void {
    const truth = this.#config.truth!;
    const segment = this.#segment;
    const { contextTokenPs } = truth.stepModel;
    const truePs = this.#trueCost.totalPs + contextTokenPs * segment.contextTokens;
    truth.witness.record({
      ...segment,
      cost: this.#trueCost,
      contextTokenPs,
      scale: segment.measuredPs / truePs,
    });
  }

  #leave(nowNs: number, slot: Slot, reason: LeaveReason): void {
    const { meter } = this;
    const departure = this.#departure;
    const { slot: index, phase } = slot;
    const steps = meter.steps - slot.decodeStart;
    departure.slot = index;
    departure.reason = reason;
    departure.outputTokens = phase === "decoding" ? steps + 1 : 0;
    if (phase === "joining") {
      departure.prefillPs = departure.decodePs = departure.batchSharePs = 0;
    } else {
      departure.prefillPs = meter.share.prefillPs(index);
      departure.decodePs = meter.share.decodePs(index);
      departure.batchSharePs = meter.batchShare.prefillPs(index) + meter.batchShare.decodePs(index);
      this.#kv.release(slot.contextTokens + (phase === "decoding" ? steps : 0));
    }
    if (phase === "decoding") {
      this.#kv.stopDecode(slot.contextTokens, slot.decodeStart);
      this.#finishes.delete(index);
      this.#contextTokens -= slot.contextTokens + steps + 1;
    }
    meter.leave(index);
    meter.kvBlocksUsed = this.#kv.used;
    slot.phase = "free";
    this.#listener.left(nowNs, this.#config.index, departure);
  }

  /** Something changed from outside: the jump ends at the first boundary that is not before `nowNs`. */
  #interrupt(nowNs: number): void {
    if (this.#atBoundary) return;
    if (this.#state === "idle" || (this.#state === "stalled" && this.#evicting.length > 0)) {
      this.#stepEventNs = nowNs;
    } else if (this.#state === "running" && this.#steps > 1) {
      const steps = this.#stepsBefore(nowNs);
      if (steps >= this.#steps) return;
      this.#steps = steps;
      this.#stepEventNs = this.#publishedNs(this.#offsetPs + this.#jumpPs(steps));
    }
  }

  /** Steps of the jump, the last of which ends at `nowNs` or later. */
  #stepsBefore(nowNs: number): number {
    const beyondPs = (nowNs - this.#baseNs - 1) * 1000 - this.#offsetPs;
    return stepsBeyond(beyondPs, this.#firstPs, this.#growthPs);
  }

  #publishedNs(offsetPs: number): number {
    return this.#baseNs + Math.ceil(offsetPs / 1000);
  }

  #startBusy(nowNs: number): void {
    this.#baseNs = nowNs;
    this.#offsetPs = 0;
    this.#lastBoundaryNs = nowNs;
    this.meter.stopIdle(nowNs);
  }

  #rebase(): void {
    const shiftNs = Math.floor(this.#offsetPs / 1000);
    this.#baseNs += shiftNs;
    this.#offsetPs -= shiftNs * 1000;
  }

  /** Nobody is in the batch: totals that only matter to running sequences start afresh. */
  #resetTotals(): void {
    this.#contextTokens = 0;
    this.meter.share.reset();
    this.meter.batchShare.reset();
    this.#config.truth?.witness.share.reset();
    this.#config.truth?.witness.batchShare.reset();
  }
}
