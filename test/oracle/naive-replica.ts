/**
 * A replica that runs every step, one at a time, and visits every sequence in each. It is written from the rules of a
 * running batch, not from the simulated replica: no phases, no totals, no jumps, contexts and blocks counted afresh
 * whenever they are asked for, time summed in big integers. What it says is what the fast one must say.
 */
import type { Departure, LeaveReason, ReplicaListener } from "../../src/replica/port.ts";
import type { Joining } from "../../src/replica/running-batch.ts";
import { type StepModel, emptyCost } from "../../src/replica/step-model.ts";
import { NaivePrefixCache } from "./naive-prefix-cache.ts";
import { type Part, type Sequence, type Step, isPromptDone, kvTokens, sum } from "./naive-step.ts";

export interface NaiveReplicaConfig {
  readonly stepModel: StepModel;
  readonly maxNumBatchedTokens: number;
  readonly kvBlocks: number;
  readonly blockTokens: number;
  readonly asyncScheduling?: boolean;
}

export class NaiveReplica {
  nextEventNs = Infinity;
  readonly meter = {
    steps: 0,
    busyNs: 0,
    lostNs: 0,
    tokens: 0,
    contextTokens: 0,
    sequences: 0,
    kvBlocksUsed: 0,
    inFlightPs: (): number => this.#inFlightPs(),
    idleUntil: (nowNs: number): number => this.#idleNs + this.#idleGapNs(nowNs),
    downUntil: (nowNs: number): number =>
      this.#downNs + (this.#state === "down" ? nowNs - this.#sinceNs : 0),
  };
  /** Time of all completed steps, and the longest time from a busy period's begin to one of its boundaries. */
  stepsPs = 0n;
  longestOffsetPs = 0n;
  /** Steps in which the longest context was twice the mean or more, of models that ask for it. */
  unevenSteps = 0;
  readonly #config: NaiveReplicaConfig;
  readonly #listener: ReplicaListener;
  readonly prefixes: NaivePrefixCache;
  #state: "idle" | "running" | "stalled" | "down" = "idle";
  /** Everyone who joined and has not left, in the order of joining. */
  #present: Sequence[] = [];
  #evicting: Sequence[] = [];
  #step: Step | undefined;
  #isInBoundary = false;
  #askedStep = Infinity;
  #slowdown = 1;
  #baseNs = 0;
  #offsetPs = 0n;
  /** The last boundary, outage or end of one: whatever has been going on since has no boundary in it. */
  #sinceNs = 0;
  #idleNs = 0;
  #downNs = 0;

  constructor(config: NaiveReplicaConfig, listener: ReplicaListener) {
    this.#config = config;
    this.#listener = listener;
    this.prefixes = new NaivePrefixCache(config.blockTokens);
  }

  get isDown(): boolean {
    return this.#state === "down";
  }

  /** Whether the next boundary begins a busy period, rather than ending a step. */
  get isStarting(): boolean {
    return this.#state !== "running" && this.nextEventNs < Infinity;
  }

  join(nowNs: number, slot: number, joining: Joining) {
    if (this.#find(slot) !== undefined) throw new Error("the slot is taken");
    this.#present.push({
      slot,
      promptTokens: joining.contextTokens,
      wantedTokens: joining.remainingTokens,
      prefix: joining.prefix,
      openStep: this.#openStep(),
      dueNs: joining.dueNs,
      sharedBlocks: 0,
      admitted: false,
      computedTokens: 0,
      outputTokens: 0,
      prefillPs: 0,
      decodePs: 0,
      batchSharePs: 0,
    });
    this.#wake(nowNs, this.#state === "idle");
  }

  /** Synchronous scheduling composes a step when it begins; asynchronous scheduling, when the one before begins. */
  #openStep(): number {
    const { steps } = this.meter;
    if (this.#config.asyncScheduling !== true || this.#state !== "running") return 0;
    return this.#isInBoundary ? steps + 1 : steps + 2;
  }

  evict(nowNs: number, slot: number): void {
    const sequence = this.#find(slot);
    if (sequence === undefined) throw new Error("the slot is empty");
    this.#evicting.push(sequence);
    this.#wake(nowNs, this.#state === "idle" || this.#state === "stalled");
  }

  /** A replica that rests is not woken for it: it has no boundaries. */
  askBoundary(_nowNs: number, step: number): void {
    this.#askedStep = step;
  }

  setSlowdown(nowNs: number, factor: number): void {
    this.#slowdown = factor;
    this.#wake(nowNs, this.#state === "idle");
  }

  crash(nowNs: number, cause: string): void {
    if (this.#state === "down") return;
    if (this.#state === "running") {
      this.meter.busyNs += nowNs - this.#sinceNs;
      this.meter.lostNs += nowNs - this.#sinceNs;
    }
    this.#idleNs += this.#idleGapNs(nowNs);
    this.#state = "down";
    this.#sinceNs = nowNs;
    this.#step = undefined;
    this.nextEventNs = Infinity;
    this.#askedStep = Infinity;
    this.#evicting = [];
    this.#listener.down(nowNs, 0, cause);
    for (const sequence of this.#present.toSorted((a, b) => a.slot - b.slot)) {
      this.#leave(nowNs, sequence, "replica-down");
    }
    this.prefixes.clear();
  }

  restart(nowNs: number): void {
    if (this.#state !== "down") return;
    this.#downNs = this.meter.downUntil(nowNs);
    this.#state = "idle";
    this.#sinceNs = nowNs;
    this.#listener.up(nowNs, 0);
  }

  advance(nowNs: number): void {
    if (nowNs !== this.nextEventNs) throw new Error("not the time of the next boundary");
    if (this.#state === "running") {
      this.#endStep(nowNs);
    } else {
      this.#idleNs += this.#idleGapNs(nowNs);
      this.#baseNs = nowNs;
      this.#offsetPs = 0n;
    }
    this.#state = "running";
    this.#sinceNs = nowNs;
    this.#isInBoundary = true;
    this.#notifyProgress(nowNs);
    this.#applyEvictions(nowNs);
    this.#beginStep(nowNs);
    this.#isInBoundary = false;
  }

  #wake(nowNs: number, isNeeded: boolean): void {
    if (isNeeded && !this.#isInBoundary) this.nextEventNs = nowNs;
  }

  #find(slot: number): Sequence | undefined {
    return this.#present.find((sequence) => sequence.slot === slot);
  }

  #endStep(nowNs: number): void {
    const step = this.#step!;
    this.#offsetPs += BigInt(step.ps);
    this.stepsPs += BigInt(step.ps);
    if (this.#offsetPs > this.longestOffsetPs) this.longestOffsetPs = this.#offsetPs;
    this.meter.steps += 1;
    this.meter.busyNs += nowNs - this.#sinceNs;
    this.meter.contextTokens += step.contextTokens;
    this.meter.sequences += step.parts.length;
    this.#charge(step);
    for (const { sequence, tokens, pairs } of step.parts) {
      this.meter.tokens += tokens;
      if (pairs > 0) sequence.computedTokens += tokens;
      else sequence.outputTokens += 1;
    }
    // What the step's outputs took goes before what its prompts leave behind.
    this.prefixes.evictTo(this.#freeBlocks());
    for (const { sequence, pairs } of step.parts) if (pairs > 0) this.#share(sequence);
    this.#measureKv();
  }

  /** Divides the step's time: fixed part by heads, the tokens' own by tokens, attention by pairs, context by context. */
  #charge(step: Step): void {
    const { parts, cost } = step;
    const { contextTokenPs } = cost;
    const tokens = sum(parts, (part) => part.tokens);
    const pairs = sum(parts, (part) => part.pairs);
    const scale = step.ps / (cost.totalPs + contextTokenPs * step.contextTokens);
    for (const part of parts) {
      const fixedPs = cost.fixedPs / parts.length;
      const ownPs = ((cost.totalPs - cost.fixedPs - cost.attentionPs) * part.tokens) / tokens;
      const attentionPs = part.pairs === 0 ? 0 : (cost.attentionPs * part.pairs) / pairs;
      const ps = scale * (fixedPs + ownPs + attentionPs + contextTokenPs * part.contextTokens);
      if (part.pairs > 0) part.sequence.prefillPs += ps;
      else part.sequence.decodePs += ps;
      part.sequence.batchSharePs += step.ps / parts.length;
    }
  }

  #notifyProgress(nowNs: number): void {
    for (const sequence of this.#prefilling().filter(isPromptDone)) {
      sequence.outputTokens = 1;
      this.#listener.firstToken(nowNs, 0, sequence.slot);
    }
    const finished = this.#present.filter((one) => one.outputTokens === one.wantedTokens);
    for (const sequence of finished) this.#leave(nowNs, sequence, "finished");
    if (this.#askedStep <= this.meter.steps) {
      this.#askedStep = Infinity;
      this.#listener.boundary(nowNs, 0);
    }
  }

  /** An evict means the sequence that was in the slot then, which may have left since. */
  #applyEvictions(nowNs: number): void {
    while (this.#evicting.length > 0) {
      const sequence = this.#evicting.shift()!;
      if (this.#present.includes(sequence)) this.#leave(nowNs, sequence, "evicted");
    }
  }

  #beginStep(nowNs: number): void {
    do {
      this.#admit(nowNs);
      if (!this.#makeRoom(nowNs)) {
        this.#state = "stalled";
        this.nextEventNs = Infinity;
        return;
      }
    } while (this.#present.length > 0 && this.#present.every((sequence) => !sequence.admitted));
    this.#step = this.#compose();
    if (this.#step === undefined) {
      this.#state = "idle";
      this.nextEventNs = Infinity;
      return;
    }
    const endPs = this.#offsetPs + BigInt(this.#step.ps);
    this.nextEventNs = this.#baseNs + Number((endPs + 999n) / 1000n);
  }

  #admit(nowNs: number): void {
    const isEmpty = this.#present.every((one) => !one.admitted);
    for (;;) {
      const sequence = this.#present.find((one) => !one.admitted);
      if (sequence === undefined) return;
      if (!isEmpty && sequence.openStep > this.meter.steps) return;
      const { prefix, promptTokens } = sequence;
      const cached = prefix === undefined ? [] : this.prefixes.cached(prefix, promptTokens - 1);
      const inUse = cached.filter((chain) => this.prefixes.isUsed(chain)).length;
      if (this.#blocks(promptTokens) - inUse > this.#freeBlocks()) return;
      sequence.admitted = true;
      sequence.sharedBlocks = cached.length;
      sequence.computedTokens = cached.length * this.#config.blockTokens;
      this.prefixes.use(sequence, cached);
      this.prefixes.evictTo(this.#freeBlocks());
      this.#measureKv();
      this.#listener.joined(nowNs, 0, sequence.slot, sequence.computedTokens);
    }
  }

  #makeRoom(nowNs: number): boolean {
    while (this.#growth() > this.#freeBlocks()) {
      this.#measureKv();
      this.#listener.pressure(nowNs, 0);
      if (this.#evicting.length === 0) return false;
      this.#applyEvictions(nowNs);
    }
    return true;
  }

  #compose(): Step | undefined {
    const decoding = this.#decoding();
    const parts: Part[] = decoding.map((sequence) => ({
      sequence,
      tokens: 1,
      pairs: 0,
      contextTokens: kvTokens(sequence) + 1,
    }));
    let budget = this.#config.maxNumBatchedTokens - decoding.length;
    for (const sequence of this.#prefilling()) {
      const tokens = Math.min(budget, sequence.promptTokens - sequence.computedTokens);
      if (tokens === 0) break;
      budget -= tokens;
      let pairs = 0;
      for (let token = 1; token <= tokens; token++) pairs += sequence.computedTokens + token;
      parts.push({ sequence, tokens, pairs, contextTokens: 0 });
    }
    if (parts.length === 0) return undefined;
    const cost = emptyCost();
    const contextTokens = sum(parts, (part) => part.contextTokens);
    const prefills = parts.filter((part) => part.pairs > 0);
    const batch = {
      decodes: decoding.length,
      prefills: prefills.length,
      prefillTokens: sum(prefills, (part) => part.tokens),
      prefillPairs: sum(prefills, (part) => part.pairs),
      contextTokens,
      longestContextTokens: Math.max(...parts.map((part) => part.contextTokens)),
    };
    const isUneven = batch.longestContextTokens * decoding.length >= 2 * contextTokens;
    if (isUneven && contextTokens > 0 && this.#config.stepModel.readsLongestContext) {
      this.unevenSteps += 1;
    }
    this.#config.stepModel.cost(batch, cost);
    const contextTokenPs = Math.round(cost.contextTokenPs * this.#slowdown);
    const ps = Math.round(cost.totalPs * this.#slowdown) + contextTokenPs * contextTokens;
    return { parts, cost, contextTokens, ps };
  }

  #leave(nowNs: number, sequence: Sequence, reason: LeaveReason): void {
    if (sequence.admitted) this.#share(sequence);
    this.#present.splice(this.#present.indexOf(sequence), 1);
    this.prefixes.release(sequence);
    this.#measureKv();
    const { slot, outputTokens, prefillPs, decodePs, batchSharePs } = sequence;
    const departure: Departure = { slot, reason, outputTokens, prefillPs, decodePs, batchSharePs };
    this.#listener.left(nowNs, 0, departure);
  }

  /** In the order in which prompts are computed. */
  #prefilling(): Sequence[] {
    return this.#present
      .filter((sequence) => sequence.admitted && sequence.outputTokens === 0)
      .toSorted((a, b) => a.dueNs - b.dueNs);
  }

  #decoding(): Sequence[] {
    return this.#present.filter((sequence) => sequence.outputTokens > 0);
  }

  #blocks(tokens: number): number {
    return Math.ceil(tokens / this.#config.blockTokens);
  }

  /** A sequence's own blocks, and each that the cache shares out once. */
  #usedBlocks(): number {
    const own = sum(this.#present, (one) => this.#blocks(kvTokens(one)) - one.sharedBlocks);
    return own + this.prefixes.usedBlocks;
  }

  #share(sequence: Sequence): void {
    if (sequence.prefix === undefined) return;
    const outputs = Math.max(0, sequence.outputTokens - 1);
    const tokens = sequence.computedTokens + outputs;
    sequence.sharedBlocks = this.prefixes.compute(sequence, sequence.prefix, tokens).length;
  }

  #freeBlocks(): number {
    return this.#config.kvBlocks - this.#usedBlocks();
  }

  #growth(): number {
    return sum(this.#decoding(), (sequence) => {
      const tokens = kvTokens(sequence);
      return this.#blocks(tokens + 1) - this.#blocks(tokens);
    });
  }

  #measureKv(): void {
    this.meter.kvBlocksUsed = this.#usedBlocks();
  }

  #idleGapNs(nowNs: number): number {
    return this.#state === "idle" || this.#state === "stalled" ? nowNs - this.#sinceNs : 0;
  }

  #inFlightPs(): number {
    return sum(this.#present, (sequence) => sequence.prefillPs + sequence.decodePs);
  }
}
