/**
 * What a replica measures about its own steps: running totals by cause, and every sequence's share of the GPU time. The
 * division rule is the biller's: its own step model says how a step's time splits, and measured time scales the split,
 * so that shares always add up to what was measured, however wrong the model.
 */
import { type Prefill, chunkPairs } from "./chunking.ts";
import type { MeterReading } from "./port.ts";
import { RestClock, type RestKind } from "./rest-clock.ts";
import { ShareMeter } from "./share-meter.ts";
import type { LargestMeasured, StepCost } from "./step-model.ts";

/** One or more equal-membership steps that ran back to back. The record is reused by its writer. */
export interface Segment {
  /** Index of the first step, and how many. */
  step: number;
  steps: number;
  decodes: number;
  /** Sequences with a prompt chunk in the step; above 0 only when `steps` is 1. */
  chunks: number;
  prefills: readonly Prefill[];
  prefillTokens: number;
  prefillPairs: number;
  /** Sum over the steps of the decoding sequences' total context. */
  contextTokens: number;
  /** What the biller's model says of one step. */
  cost: StepCost;
  /** Measured time of all the steps, and measured over modelled. */
  measuredPs: number;
  scale: number;
  busyNs: number;
}

export class StepMeter implements MeterReading {
  steps = 0;
  busyNs = 0;
  lostNs = 0;
  extrapolatedNs = 0;
  modelledPs = 0;
  fixedPs = 0;
  tokenPs = 0;
  attentionPs = 0;
  contextPs = 0;
  kvBlocksUsed = 0;
  tokens = 0;
  contextTokens = 0;
  sequences = 0;
  kvBlockNs = 0;
  /** When it last began or ceased to work, to be down, or to be paid for. */
  lastChangeNs = 0;
  readonly #rest: RestClock;
  readonly #measured: LargestMeasured | undefined;
  readonly share: ShareMeter;
  readonly batchShare: ShareMeter;
  readonly #active: Uint8Array;

  /** `rest`: what it does until its first step; a replica that is not provisioned yet is off. */
  constructor(slots: number, rest: RestKind = "idle", measured?: LargestMeasured) {
    this.#measured = measured;
    this.#rest = new RestClock(rest);
    this.share = new ShareMeter(slots);
    this.batchShare = new ShareMeter(slots);
    this.#active = new Uint8Array(slots);
  }

  enter(slot: number): void {
    this.share.enter(slot);
    this.batchShare.enter(slot);
    this.#active[slot] = 1;
  }

  leave(slot: number): void {
    this.#active[slot] = 0;
  }

  startDecode(slot: number, step: number, contextTokens: number): void {
    this.share.startDecode(slot, step, contextTokens);
    this.batchShare.startDecode(slot, step, contextTokens);
  }

  /** No step runs from here on, for this reason. */
  startRest(nowNs: number, kind: RestKind): void {
    this.lastChangeNs = nowNs;
    this.#rest.start(nowNs, kind);
  }

  /** A step begins; does nothing while steps run back to back. */
  stopRest(nowNs: number): void {
    if (this.#rest.kind === undefined) return;
    this.lastChangeNs = nowNs;
    this.#rest.stop(nowNs);
  }

  idleUntil(nowNs: number): number {
    return this.#rest.until(nowNs, "idle");
  }

  downUntil(nowNs: number): number {
    return this.#rest.until(nowNs, "down");
  }

  bootUntil(nowNs: number): number {
    return this.#rest.until(nowNs, "boot");
  }

  offUntil(nowNs: number): number {
    return this.#rest.until(nowNs, "off");
  }

  /** Nobody is running: the totals behind shares start again at 0, which keeps them small and exact. */
  resetShares(): void {
    this.share.reset();
    this.batchShare.reset();
  }

  /** A step under way came to nothing after `ns`: busy time that no sequence is charged for. */
  lose(ns: number): void {
    this.busyNs += ns;
    this.lostNs += ns;
  }

  record(segment: Segment): void {
    const { step, steps, decodes, chunks, cost, scale } = segment;
    const sequences = decodes + chunks;
    const tokens = decodes + segment.prefillTokens;
    const ownPs = cost.totalPs - cost.fixedPs - cost.attentionPs;
    const fixedEachPs = (scale * cost.fixedPs) / sequences;
    const tokenEachPs = (scale * ownPs) / tokens;
    const basePs = steps * (fixedEachPs + tokenEachPs);
    this.share.addDecodes(step, steps, basePs, scale * cost.contextTokenPs);
    this.batchShare.addDecodes(step, steps, segment.measuredPs / sequences, 0);
    if (chunks > 0) this.#recordPrefills(segment, fixedEachPs, tokenEachPs);
    this.steps += steps;
    this.busyNs += segment.busyNs;
    if (this.#isBeyondMeasured(segment)) this.extrapolatedNs += segment.busyNs;
    this.modelledPs += steps * cost.totalPs + cost.contextTokenPs * segment.contextTokens;
    this.fixedPs += steps * scale * cost.fixedPs;
    this.tokenPs += steps * scale * ownPs;
    this.attentionPs += scale * cost.attentionPs;
    this.contextPs += scale * cost.contextTokenPs * segment.contextTokens;
    this.tokens += steps * tokens;
    this.contextTokens += segment.contextTokens;
    this.sequences += steps * sequences;
  }

  inFlightPs(): number {
    let ps = 0;
    for (let slot = 0; slot < this.#active.length; slot++) {
      if (this.#active[slot] === 1) ps += this.share.prefillPs(slot) + this.share.decodePs(slot);
    }
    return ps;
  }

  /** Steps that ran back to back count as one, of their mean context. */
  #isBeyondMeasured({ steps, decodes, prefillTokens, contextTokens }: Segment): boolean {
    const measured = this.#measured;
    if (measured === undefined) return false;
    if (decodes > measured.decodes || prefillTokens > measured.prefillTokens) return true;
    return contextTokens > steps * decodes * measured.contextPerDecode;
  }

  #recordPrefills(segment: Segment, fixedEachPs: number, tokenEachPs: number): void {
    const pairPs = (segment.scale * segment.cost.attentionPs) / segment.prefillPairs;
    const batchEachPs = segment.measuredPs / (segment.decodes + segment.chunks);
    for (let index = 0; index < segment.chunks; index++) {
      const { slot, chunkTokens, computedTokens } = segment.prefills[index]!;
      const attentionPs = pairPs * chunkPairs(chunkTokens, computedTokens);
      this.share.addPrefill(slot, fixedEachPs + tokenEachPs * chunkTokens + attentionPs);
      this.batchShare.addPrefill(slot, batchEachPs);
    }
  }
}
