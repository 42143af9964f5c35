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
import { MAX_JUMP_STEPS, jumpPs, stepsBeyond } from "./jump.ts";
import type { ReplicaListener } from "./port.ts";
import { type Joining, RunningBatch } from "./running-batch.ts";
import type { Segment, StepMeter } from "./step-meter.ts";
import { type StepModel, emptyBatch, emptyCost } from "./step-model.ts";

export interface SimulatedReplicaConfig {
  /** Its index, handed back with every notification. */
  readonly index: number;
  /** What it keeps current and the engine reads. */
  readonly meter: StepMeter;
  readonly stepModel: StepModel;
  readonly maxNumSeqs: number;
  readonly maxNumBatchedTokens: number;
  readonly kvBlocks: number;
  readonly blockTokens: number;
  /**
   * The next step is scheduled while one runs (vLLM's default from 0.14 on), so a sequence that joins misses it; it waits a
   * step longer, unless nothing runs.
   */
  readonly asyncScheduling?: boolean;
  /** It begins without a machine, until it is provisioned. */
  readonly isOff?: boolean;
  /** From being provisioned to being able to work, ns. */
  readonly bootNs?: number;
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

type ReplicaState = "idle" | "running" | "stalled" | "down" | "booting" | "off";

/** Offsets are folded into the base beyond this, long before picoseconds stop being exact (2^53). */
const REBASE_PS = 2_251_799_813_685_248;

export class SimulatedReplica {
  readonly meter: StepMeter;
  /** When `advance` must be called next; Infinity while only a call from outside can change anything. */
  nextEventNs = Infinity;
  readonly #config: SimulatedReplicaConfig;
  readonly #listener: ReplicaListener;
  readonly #batch: RunningBatch;
  readonly #stepBatch = emptyBatch();
  readonly #trueCost = emptyCost();
  /** Steps by which joining lags behind the next boundary. */
  readonly #joinLag: 0 | 1;
  readonly #segment: Segment = {
    step: 0,
    steps: 0,
    decodes: 0,
    chunks: 0,
    prefills: [],
    prefillTokens: 0,
    prefillPairs: 0,
    contextTokens: 0,
    cost: emptyCost(),
    measuredPs: 0,
    scale: 1,
    busyNs: 0,
  };
  #state: ReplicaState = "idle";
  #atBoundary = false;
  #askedStep = Infinity;
  #slowdown = 1;
  /** A boundary is at #baseNs plus #offsetPs; the last one processed was published as #lastBoundaryNs. */
  #baseNs = 0;
  #offsetPs = 0;
  #lastBoundaryNs = 0;
  /** The jump being run: its length, its first step's time and how much longer each next one is. */
  #steps = 0;
  #firstPs = 0;
  #growthPs = 0;

  constructor(config: SimulatedReplicaConfig, listener: ReplicaListener) {
    assert(config.maxNumBatchedTokens >= config.maxNumSeqs, "no budget left for prompts");
    this.#config = config;
    this.#listener = listener;
    this.meter = config.meter;
    this.#joinLag = config.asyncScheduling === true ? 1 : 0;
    if (config.isOff === true) this.#state = "off";
    this.#batch = new RunningBatch(config, config.meter, config.truth?.witness);
  }

  /** Steps completed by `nowNs`, those of the jump being run included: what a decoding sequence has produced by then. */
  stepsBy(nowNs: number): number {
    if (this.#state !== "running") return this.meter.steps;
    return this.meter.steps + Math.min(this.#steps, this.#stepsUntil(nowNs + 1) - 1);
  }

  get isDown(): boolean {
    return this.#state === "down";
  }

  get isOff(): boolean {
    return this.#state === "off";
  }

  /** The sequence enters the batch at the next boundary at which its context's KV blocks are free. */
  join(nowNs: number, slot: number, joining: Joining): void {
    assert(this.#state !== "down", "join on a replica that is down");
    assert(this.#state !== "off" && this.#state !== "booting", "join on a replica that is not up");
    const { steps } = this.meter;
    if (this.#state !== "running") {
      this.#batch.claim(slot, joining, steps);
      this.#interrupt(nowNs);
      return;
    }
    // The first step that it can be in is so many after those completed.
    const wait = this.#joinLag + (this.#atBoundary ? 0 : this.#stepsUntil(nowNs));
    this.#batch.claim(slot, joining, steps + wait);
    if (!this.#atBoundary) this.#shorten(wait);
  }

  evict(nowNs: number, slot: number): void {
    this.#batch.markForEviction(slot);
    this.#interrupt(nowNs);
  }

  /** As the port says. A replica that rests has no boundaries: it answers once it runs again. */
  askBoundary(nowNs: number, step: number): void {
    this.#askedStep = step;
    if (this.#state !== "running" || this.#atBoundary) return;
    this.#shorten(Math.max(this.#stepsUntil(nowNs), step - this.meter.steps));
  }

  /** As the port says: paid for from now on, and up once its model is loaded. */
  provision(nowNs: number): void {
    assert(this.#state === "off", "provisioned although it is on");
    this.#state = "booting";
    this.meter.startRest(nowNs, "boot");
    this.nextEventNs = nowNs + (this.#config.bootNs ?? 0);
  }

  /** As the port says. Nothing of this machine, its slowness included, comes back with the next. */
  release(nowNs: number): void {
    assert(this.#batch.isEmpty && !this.#batch.isAwaitingJoins, "released with sequences on it");
    assert(this.#state !== "off", "released although it is off");
    this.#state = "off";
    this.#slowdown = 1;
    this.#askedStep = Infinity;
    this.nextEventNs = Infinity;
    this.meter.startRest(nowNs, "off");
    this.#batch.forgetPrefixes();
    this.#batch.resetShares();
  }

  /** A straggler: from the next boundary on, steps take `factor` times as long. */
  setSlowdown(nowNs: number, factor: number): void {
    this.#slowdown = factor;
    this.#interrupt(nowNs);
  }

  /** Everything in the batch is lost; boundaries before `nowNs` have happened, the step under way has not. */
  crash(nowNs: number, cause: string): void {
    if (this.#state === "down" || this.#state === "off") return;
    if (this.#state === "running") {
      const done = this.#stepsUntil(nowNs) - 1;
      if (done > 0) this.#complete(done);
      this.meter.lose(nowNs - this.#lastBoundaryNs);
    }
    this.#state = "down";
    this.meter.startRest(nowNs, "down");
    this.nextEventNs = Infinity;
    this.#askedStep = Infinity;
    this.#listener.down(nowNs, this.#config.index, cause);
    for (const slot of this.#batch.occupied()) {
      this.#listener.left(nowNs, this.#config.index, this.#batch.remove(slot, "replica-down"));
    }
    this.#batch.forgetPrefixes();
    this.#batch.resetShares();
  }

  restart(nowNs: number): void {
    if (this.#state === "down") this.#comeUp(nowNs);
  }

  #comeUp(nowNs: number): void {
    this.#state = "idle";
    this.nextEventNs = Infinity;
    this.meter.startRest(nowNs, "idle");
    this.#listener.up(nowNs, this.#config.index);
  }

  /** Runs the boundary at `nowNs`, which must be nextEventNs. */
  advance(nowNs: number): void {
    assert(nowNs === this.nextEventNs, "advanced to a time that is not the next event");
    if (this.#state === "booting") {
      this.#comeUp(nowNs);
      return;
    }
    if (this.#state === "running") this.#complete(this.#steps);
    else this.#startBusy(nowNs);
    this.#state = "running";
    this.#atBoundary = true;
    this.#settle(nowNs);
    if (this.#relievePressure(nowNs)) this.#plan();
    this.#atBoundary = false;
  }

  /** Tells who got a first token, who finished, who was evicted, and who joins, in this order. */
  #settle(nowNs: number): void {
    const batch = this.#batch;
    const { index } = this.#config;
    for (let slot = batch.nextPrefilled(); slot !== undefined; slot = batch.nextPrefilled()) {
      this.#listener.firstToken(nowNs, index, slot.slot);
    }
    for (let slot = batch.nextFinished(); slot !== undefined; slot = batch.nextFinished()) {
      this.#listener.left(nowNs, index, batch.remove(slot, "finished"));
    }
    if (this.#askedStep <= this.meter.steps) {
      this.#askedStep = Infinity;
      this.#listener.boundary(nowNs, index);
    }
    this.#applyEvictions(nowNs);
    this.#admit(nowNs);
  }

  #admit(nowNs: number): void {
    const batch = this.#batch;
    // With nobody in the batch no step was scheduled ahead: all who wait are in the next one.
    const step = batch.isEmpty ? Infinity : this.meter.steps;
    for (let slot = batch.admitNext(step); slot !== undefined; slot = batch.admitNext(step)) {
      this.#listener.joined(nowNs, this.#config.index, slot.slot, slot.computedTokens);
    }
  }

  #applyEvictions(nowNs: number): void {
    const batch = this.#batch;
    while (batch.hasEvictions) {
      const slot = batch.nextEvicted();
      if (slot === undefined) return;
      this.#listener.left(nowNs, this.#config.index, batch.remove(slot, "evicted"));
    }
  }

  /** Makes room for the next step's KV growth; false when the engine named no victim and the replica must wait. */
  #relievePressure(nowNs: number): boolean {
    const batch = this.#batch;
    while (batch.nextGrowth > batch.kv.free) {
      this.#listener.pressure(nowNs, this.#config.index);
      if (!batch.hasEvictions) {
        this.#rest("stalled");
        return false;
      }
      this.#applyEvictions(nowNs);
      // When everyone had to go, there is no step for newcomers to wait for.
      if (batch.isEmpty) this.#admit(nowNs);
    }
    return true;
  }

  /** Composes the next step and jumps as far as nothing can happen. */
  #plan(): void {
    const batch = this.#batch;
    // Its last sequence has left, and the engine gave it back.
    if (this.isOff) return;
    if (batch.isEmpty) {
      assert(!batch.isAwaitingJoins, "a context larger than the whole KV cache joined");
      this.#rest("idle");
      batch.resetShares();
      return;
    }
    if (this.#offsetPs > REBASE_PS) this.#rebase();
    batch.compose(this.#config.maxNumBatchedTokens, this.#segment, this.#stepBatch);
    this.#timeStep();
    this.#steps = this.#segment.chunks > 0 ? 1 : this.#longestJump();
    this.nextEventNs = this.#publishedNs(this.#steps);
  }

  #rest(state: "idle" | "stalled"): void {
    this.#state = state;
    this.nextEventNs = Infinity;
    this.meter.startRest(this.#lastBoundaryNs, "idle");
  }

  /** How long the composed step will really take, and by how much each following one is longer. */
  #timeStep(): void {
    const segment = this.#segment;
    const { stepModel, truth } = this.#config;
    stepModel.cost(this.#stepBatch, segment.cost);
    let realPs = segment.cost.totalPs;
    let slopePs = segment.cost.contextTokenPs;
    let factor = this.#slowdown;
    if (truth !== undefined) {
      truth.stepModel.cost(this.#stepBatch, this.#trueCost);
      realPs = this.#trueCost.totalPs;
      slopePs = this.#trueCost.contextTokenPs;
      factor *= truth.noise();
    }
    if (factor !== 1) {
      realPs = Math.round(realPs * factor);
      slopePs = Math.round(slopePs * factor);
    }
    this.#firstPs = realPs + slopePs * this.#batch.contextTokens;
    this.#growthPs = slopePs * segment.decodes;
  }

  #longestJump(): number {
    const batch = this.#batch;
    // Changes asked for after this boundary's turn for them take effect at the next.
    if (batch.hasEvictions || batch.canAdmit || this.#config.truth !== undefined) return 1;
    const step = this.meter.steps;
    const limit = Math.min(
      batch.stepsToFinish,
      this.#segment.cost.steps,
      Math.max(1, this.#askedStep - step),
      MAX_JUMP_STEPS,
    );
    return batch.kv.stepsThatFit(step, limit);
  }

  /** Accounts for the first `steps` steps of the jump and stands at the boundary after them. */
  #complete(steps: number): void {
    const { meter } = this;
    const segment = this.#segment;
    const boundaryNs = steps === this.#steps ? this.nextEventNs : this.#publishedNs(steps);
    this.#offsetPs += jumpPs(steps, this.#firstPs, this.#growthPs);
    const contextTokens = jumpPs(steps, this.#batch.contextTokens, segment.decodes);
    const { totalPs, contextTokenPs } = segment.cost;
    const modelledPs = steps * totalPs + contextTokenPs * contextTokens;
    segment.step = meter.steps;
    segment.steps = steps;
    segment.contextTokens = contextTokens;
    // What is divided is the time between published boundaries, so that shares add up to busy time to the nanosecond.
    segment.busyNs = boundaryNs - this.#lastBoundaryNs;
    segment.measuredPs = segment.busyNs * 1000;
    segment.scale = segment.measuredPs / modelledPs;
    if (this.#config.truth !== undefined) this.#witness(this.#config.truth);
    this.#batch.apply(segment);
    this.#lastBoundaryNs = boundaryNs;
  }

  /** Divides the same step by its true coefficients, for the audit. */
  #witness(truth: StepTruth): void {
    const segment = this.#segment;
    const { totalPs, contextTokenPs } = this.#trueCost;
    const truePs = totalPs + contextTokenPs * segment.contextTokens;
    const scale = segment.measuredPs / truePs;
    truth.witness.record({ ...segment, cost: this.#trueCost, scale });
  }

  /** Something changed from outside: the jump ends at the first boundary that is not before `nowNs`. */
  #interrupt(nowNs: number): void {
    if (this.#atBoundary) return;
    if (this.#state === "idle" || (this.#state === "stalled" && this.#batch.hasEvictions)) {
      this.nextEventNs = nowNs;
    } else if (this.#state === "running" && this.#steps > 1) {
      this.#shorten(this.#stepsUntil(nowNs));
    }
  }

  #shorten(steps: number): void {
    if (steps >= this.#steps) return;
    this.#steps = steps;
    this.nextEventNs = this.#publishedNs(steps);
  }

  /** Steps of the jump, the last of which ends at `nowNs` or later. */
  #stepsUntil(nowNs: number): number {
    if (this.#steps === 1 && nowNs <= this.nextEventNs) return 1;
    const beyondPs = (nowNs - this.#baseNs - 1) * 1000 - this.#offsetPs;
    return stepsBeyond(beyondPs, this.#firstPs, this.#growthPs);
  }

  /** Time of the boundary after the first `steps` steps of the jump. */
  #publishedNs(steps: number): number {
    const endPs = this.#offsetPs + jumpPs(steps, this.#firstPs, this.#growthPs);
    return this.#baseNs + Math.ceil(endPs / 1000);
  }

  #startBusy(nowNs: number): void {
    this.#baseNs = nowNs;
    this.#offsetPs = 0;
    this.#lastBoundaryNs = nowNs;
    this.meter.stopRest(nowNs);
  }

  #rebase(): void {
    const shiftNs = Math.floor(this.#offsetPs / 1000);
    this.#baseNs += shiftNs;
    this.#offsetPs -= shiftNs * 1000;
  }
}
