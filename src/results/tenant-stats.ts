/**
 * What a run counts and measures about one tenant: arrivals, endings by reason, tokens, and the four latencies. Requests that
 * arrived during warm-up are counted, but their latencies and SLA verdicts are left out.
 */
import { Histogram } from "../base/histogram.ts";
import type { LatencyMetric, SlaTarget } from "../engine/config.ts";
import type { Outcome, RejectReason, Request } from "../engine/request.ts";
import { REJECT_REASONS, isOwed } from "../engine/request.ts";
import { latencyNs, meetsTargets } from "../engine/sla/latency.ts";

const METRICS: readonly LatencyMetric[] = ["ttft", "tpot", "e2e", "queue"];

export class TenantStats {
  arrived = 0;
  completed = 0;
  failed = 0;
  cancelled = 0;
  preemptions = 0;
  recomputedTokens = 0;
  promptTokens = 0;
  cachedPromptTokens = 0;
  outputTokens = 0;
  /** After warm-up: requests completed, completed within every target, and all others. */
  measured = 0;
  met = 0;
  lost = 0;
  /** Of those lost, what the platform owed: refused for want of room, failed, given up by their clients. */
  lostOwed = 0;
  readonly rejected = new Float64Array(REJECT_REASONS.length);
  /** Microseconds. */
  readonly latency: Readonly<Record<LatencyMetric, Histogram>> = {
    ttft: new Histogram(),
    tpot: new Histogram(),
    e2e: new Histogram(),
    queue: new Histogram(),
  };

  reject(reason: RejectReason, isMeasured: boolean): void {
    this.rejected[REJECT_REASONS.indexOf(reason)]! += 1;
    if (!isMeasured) return;
    this.lost += 1;
    if (isOwed(reason)) this.lostOwed += 1;
  }

  end(
    nowNs: number,
    request: Request<unknown>,
    outcome: Outcome,
    measure: { readonly targets: readonly SlaTarget[]; readonly isMeasured: boolean },
  ): void {
    if (outcome === "completed") this.completed += 1;
    else if (outcome === "failed") this.failed += 1;
    else this.cancelled += 1;
    this.preemptions += request.preemptions;
    this.recomputedTokens += request.recomputedTokens;
    if (request.outputTokens > 0) {
      this.promptTokens += request.promptTokens;
      this.cachedPromptTokens += request.cachedTokens;
      this.outputTokens += request.outputTokens;
    }
    if (!measure.isMeasured) return;
    if (outcome !== "completed") {
      this.lost += 1;
      this.lostOwed += 1;
      return;
    }
    this.measured += 1;
    if (meetsTargets(measure.targets, request, nowNs)) this.met += 1;
    const { ttft, tpot, e2e, queue } = this.latency;
    addTo(ttft, latencyNs("ttft", request, nowNs));
    addTo(tpot, latencyNs("tpot", request, nowNs));
    addTo(e2e, latencyNs("e2e", request, nowNs));
    addTo(queue, latencyNs("queue", request, nowNs));
  }

  /** Adds another tenant's numbers, for tiers and the platform. */
  merge(other: TenantStats): void {
    for (const field of SUMS) this[field] += other[field];
    for (let index = 0; index < this.rejected.length; index++) {
      this.rejected[index]! += other.rejected[index]!;
    }
    for (const metric of METRICS) this.latency[metric].merge(other.latency[metric]);
  }
}

/** NaN: a client does not see when its request joined a batch. */
function addTo(histogram: Histogram, ns: number | undefined): void {
  if (ns !== undefined && !Number.isNaN(ns)) histogram.add(ns / 1000);
}

const SUMS = [
  "arrived",
  "completed",
  "failed",
  "cancelled",
  "preemptions",
  "recomputedTokens",
  "promptTokens",
  "cachedPromptTokens",
  "outputTokens",
  "measured",
  "met",
  "lost",
  "lostOwed",
] as const;
