/**
 * Puts on record what a load generator sees: every request sent, its first output, how it ended, and what the server said it
 * used. Feeds the same collector as a simulation, through the same kind of request, so that both are counted by one code.
 */
import { unreachable } from "../base/assert.ts";
import { Request } from "../engine/request.ts";
import { Collector } from "../results/collector.ts";
import type { ClientConfig, Scenario } from "../scenario/scenario.ts";
import type { Arrival, AttemptOutcome } from "../sim/workload/client.ts";
import type { StreamedAnswer } from "./answer.ts";
import type { AttemptEnd } from "./attempt.ts";
import { ErrorTally } from "./tally.ts";

/** A request as the collector knows requests; its origin is the arrival it was sent for. */
export type SentRequest = Request<Arrival>;

/** How the workload's client takes an end. */
export interface Reception {
  readonly seen: AttemptOutcome;
  readonly retryAfterNs: number;
}

export class Recorder {
  readonly collector: Collector;
  readonly errors = new ErrorTally();
  uncountedAnswers = 0;
  otherLengths = 0;
  readonly #scenario: Scenario;
  /** Per tenant: sent, and nothing came yet. */
  readonly #waiting: number[];

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    const { platform, simulation } = scenario;
    // A client sees no pools.
    this.collector = new Collector({ ...platform, pools: [] }, simulation.warmupNs);
    this.#waiting = platform.tenants.map(() => 0);
  }

  sent({ tenant, pool }: ClientConfig, arrival: Arrival, number: number): SentRequest {
    this.collector.arrived(tenant);
    this.#waiting[tenant]! += 1;
    const { promptTokens, maxOutputTokens, adapter, timeNs } = arrival;
    const { tier, defaultMaxOutputTokens } = this.#scenario.platform.tenants[tenant]!;
    return new Request(
      { origin: arrival, tenant, pool, promptTokens, maxOutputTokens, adapter },
      {
        number,
        tier,
        arrivalNs: timeNs,
        deadlineNs: Infinity,
        maxOutputTokens: maxOutputTokens ?? defaultMaxOutputTokens,
        predictedTokens: 0,
        prefix: undefined,
      },
    );
  }

  firstOutput(request: SentRequest, nowNs: number): void {
    request.firstTokenNs = nowNs;
    this.#waiting[request.tenant]! -= 1;
    this.collector.firstToken(request);
  }

  /** The attempt ended at `nowNs`. */
  ended(
    nowNs: number,
    request: SentRequest,
    ended: { answer: StreamedAnswer; end: AttemptEnd },
  ): Reception {
    const { answer, end } = ended;
    if (Number.isNaN(request.firstTokenNs)) this.#waiting[request.tenant]! -= 1;
    switch (end.kind) {
      case "completed":
        this.#use(request, answer);
        this.#checkLength(request);
        this.#complete(nowNs, request, answer);
        return { seen: "completed", retryAfterNs: 0 };
      case "refused": {
        const { reason, seen, retryAfterNs, code, message } = end.refusal;
        this.errors.add({ status: end.status, code, reason: reason ?? null, message });
        if (reason === undefined) this.collector.ended(nowNs, request, "failed");
        else this.collector.rejected(request.arrivalNs, request.tenant, reason);
        return { seen, retryAfterNs };
      }
      case "broken":
        this.errors.add({ status: null, code: end.code, reason: null, message: end.message });
        this.#use(request, answer);
        this.collector.ended(nowNs, request, "failed");
        return { seen: "failed", retryAfterNs: 0 };
      case "given-up":
        this.#use(request, answer);
        this.collector.ended(nowNs, request, "cancelled");
        return { seen: "timed-out", retryAfterNs: 0 };
      default:
        return unreachable(end);
    }
  }

  /** Ends the slices of the timeline that are over at `nowNs`. */
  closeSlices(nowNs: number): void {
    while (this.collector.timeline.nextSampleNs <= nowNs) this.closeSlice();
  }

  closeSlice(): void {
    this.collector.timeline.close([...this.#waiting], []);
  }

  /** Tokens used, as the server says, or as many as came in pieces. */
  #use(request: SentRequest, answer: StreamedAnswer): void {
    const { usage, pieces } = answer;
    request.outputTokens = usage?.outputTokens ?? pieces;
    if (usage === undefined) {
      if (pieces > 0) this.uncountedAnswers += 1;
      return;
    }
    request.promptTokens = usage.promptTokens;
    request.cachedTokens = Math.min(usage.cachedTokens, usage.promptTokens);
  }

  /** An answer ends with its last output: what follows (usage, the end mark) is bookkeeping. */
  #complete(nowNs: number, request: SentRequest, answer: StreamedAnswer): void {
    const endNs = answer.pieces > 0 ? answer.lastOutputNs : nowNs;
    if (Number.isNaN(request.firstTokenNs)) request.firstTokenNs = endNs;
    this.collector.ended(endNs, request, "completed");
  }

  #checkLength(request: SentRequest): void {
    const wanted = Math.min(request.origin.outputTokens, request.maxOutputTokens);
    if (request.outputTokens !== wanted) this.otherLengths += 1;
  }
}
