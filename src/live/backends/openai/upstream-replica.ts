/**
 * One upstream server as the engine sees it: a replica whose slots are requests in flight. A sequence that fails before its first
 * token leaves as if its replica had gone down and waits in the engine's queue for another; after its first token it
 * fails. Until a probe has said whether the server is alive, such a sequence keeps its slot, so that nobody runs into
 * the same wall meanwhile. All reports go through the host, later than the call that caused them.
 */
import type { PlatformConfig, PoolConfig } from "../../../engine/config.ts";
import type { LeaveReason } from "../../../replica/port.ts";
import type { TokenCounter } from "../../token-count.ts";
import type { BackendHost, LiveRequest } from "../backend.ts";
import { UpstreamAdapters, adapterName, tenantAdapterName } from "./adapters.ts";
import { Attempt } from "./attempt.ts";
import { type Failure, type Outage, problemOf } from "./failure.ts";
import { Health } from "./health.ts";
import type { UpstreamMetrics } from "./metrics-scrape.ts";
import { OutputCount } from "./output-count.ts";
import { RequestWriter } from "./request-writer.ts";
import type { RequestMeter } from "./request-meter.ts";
import type { Timing } from "./timing.ts";
import type { Upstream } from "./upstream.ts";

export interface UpstreamReplicaParts {
  readonly index: number;
  readonly pool: PoolConfig;
  readonly platform: PlatformConfig;
  readonly upstream: Upstream;
  readonly counter: TokenCounter;
  /** The tenant's part in keeping prompt caches apart. */
  readonly cacheSalt: (tenant: number) => string;
  readonly timing: Timing;
}

/** A server as the dashboard shows it. */
export interface UpstreamStats extends Partial<UpstreamMetrics> {
  readonly pool: string;
  readonly replica: number;
  readonly address: string;
  readonly engine: string;
  readonly isUp: boolean;
  /** Why it is down. */
  readonly cause: string | undefined;
  readonly inFlight: number;
  /** Requests that it failed, and answers whose usage contradicted what they held. */
  readonly failures: number;
  readonly contradictions: number;
}

/** A sequence in its slot. */
interface Stay {
  readonly slot: number;
  readonly request: LiveRequest;
  count: OutputCount;
  attempt: Attempt | undefined;
  /** It waits for nothing but being sent. */
  isUnsent: boolean;
  /** It was reported as joined. */
  hasJoined: boolean;
  hasToken: boolean;
  /** Why it waits for word about the server, without a token. */
  failure: Outage | undefined;
  timer: NodeJS.Timeout | undefined;
}

export class UpstreamReplica {
  readonly meter: RequestMeter;
  readonly #parts: UpstreamReplicaParts;
  readonly #host: BackendHost;
  readonly #health: Health;
  readonly #adapters: UpstreamAdapters;
  readonly #writer: RequestWriter;
  readonly #stays: (Stay | undefined)[];
  /** Outages so far: what was asked before one is not answered after it. */
  #outages = 0;
  #metrics: UpstreamMetrics | undefined;
  #scraping: NodeJS.Timeout | undefined;
  #cause: string | undefined;
  #failures = 0;
  #contradictions = 0;

  constructor(parts: UpstreamReplicaParts, meter: RequestMeter, host: BackendHost) {
    this.#parts = parts;
    this.meter = meter;
    this.#host = host;
    const { upstream, timing } = parts;
    this.#stays = Array.from({ length: parts.pool.maxNumSeqs }, () => undefined);
    this.#adapters = new UpstreamAdapters(upstream);
    this.#writer = new RequestWriter(parts.platform, upstream.dialect, parts.cacheSalt);
    const isFreeToRise = (): boolean => this.#isFreeToRise();
    this.#health = new Health(
      {
        probe: () => upstream.probe(),
        prove: (endpoint) => upstream.prove(endpoint),
        get isFreeToRise() {
          return isFreeToRise();
        },
        goDown: (cause) => this.#goDown(cause),
        goUp: () => this.#goUp(),
        cleared: () => this.#cleared(),
      },
      timing,
    );
  }

  get stats(): UpstreamStats {
    const { pool, index, upstream } = this.#parts;
    return {
      pool: pool.name,
      replica: index,
      address: upstream.address,
      engine: upstream.config.engine,
      isUp: this.#health.isUp,
      cause: this.#cause,
      inFlight: this.meter.inFlight,
      failures: this.#failures,
      contradictions: this.#contradictions,
      ...this.#metrics,
    };
  }

  start(): void {
    this.#health.start();
    const { upstream, timing } = this.#parts;
    if (upstream.dialect.metrics === undefined) return;
    this.#scraping = setInterval(() => void this.#scrape(), timing.scrapeEveryMs);
    this.#scraping.unref();
  }

  async close(): Promise<void> {
    this.#health.close();
    clearInterval(this.#scraping);
    for (const stay of this.#stays) clearTimeout(stay?.timer);
    await this.#parts.upstream.close();
  }

  join(slot: number, request: LiveRequest): void {
    request.origin.problem = undefined;
    request.origin.finishReason = undefined;
    const stay: Stay = {
      slot,
      request,
      count: this.#newCount(request),
      attempt: undefined,
      isUnsent: true,
      hasJoined: false,
      hasToken: false,
      failure: undefined,
      timer: undefined,
    };
    this.#stays[slot] = stay;
    request.origin.tokensSoFar = () => ({
      promptTokens: request.promptTokens,
      cachedTokens: request.cachedTokens,
      ...stay.count.counted,
      outputTokens: stay.count.outputTokens,
    });
    queueMicrotask(() => this.#send(stay));
  }

  evict(slot: number): void {
    const stay = this.#stays[slot]!;
    queueMicrotask(() => {
      if (this.#stays[slot] !== stay) return;
      stay.attempt?.abort();
      this.#leave(stay, "evicted");
    });
  }

  loadAdapter(adapter: number): void {
    const { platform, index } = this.#parts;
    this.#answerLater(this.#adapters.load(adapterName(platform, adapter)), (nowNs) =>
      this.#host.listener.adapterLoaded(nowNs, index, adapter),
    );
  }

  unloadAdapter(adapter: number): void {
    const { platform, index } = this.#parts;
    this.#answerLater(this.#adapters.unload(adapterName(platform, adapter)), (nowNs) =>
      this.#host.listener.adapterUnloaded(nowNs, index, adapter),
    );
  }

  /** Reports once `done`, unless the replica went down meanwhile, with which the engine has forgotten the question. */
  #answerLater(done: Promise<void>, report: (nowNs: number) => void): void {
    const outages = this.#outages;
    void done.then(() => {
      if (this.#outages !== outages) return;
      this.#enter(report);
    });
  }

  /** Sends a sequence's request, once it is known what to ask for. */
  #send(stay: Stay): void {
    const { upstream } = this.#parts;
    if (this.#stays[stay.slot] !== stay || !stay.isUnsent) return;
    // At the start it waits for the first word of the server: see #cleared.
    if (upstream.model === undefined) return;
    stay.isUnsent = false;
    const adapter = this.#adapterOf(stay.request);
    if (adapter === undefined || !this.#adapters.isMissing(adapter)) {
      this.#sendTo(stay, adapter ?? upstream.model);
      return;
    }
    void this.#adapters.load(adapter).then(() => {
      if (this.#stays[stay.slot] !== stay) return;
      const message = "The adapter could not be loaded.";
      const problem = { status: 502, message };
      if (this.#adapters.isMissing(adapter)) this.#over(stay, { kind: "missing", problem });
      else this.#sendTo(stay, adapter);
    });
  }

  #sendTo(stay: Stay, model: string): void {
    const { origin } = stay.request;
    const body = this.#writer.bodyOf(stay.request, model);
    if (body === undefined) {
      const problem = { status: 400, message: "The request is nested too deeply." };
      this.#over(stay, { kind: "refused", problem });
      return;
    }
    const attempt = new Attempt(origin, stay.count, {
      written: () => this.#written(stay),
      firstToken: () => this.#firstToken(stay),
      heard: () => this.#health.heard(),
      over: (failure) => this.#over(stay, failure),
    });
    stay.attempt = attempt;
    this.#parts.upstream.send(origin.endpoint, body, origin.id, attempt);
  }

  #adapterOf({ tenant, adapter }: LiveRequest): string | undefined {
    if (adapter === undefined) return undefined;
    return tenantAdapterName(this.#parts.platform, tenant, adapter);
  }

  #written(stay: Stay): void {
    if (stay.hasJoined) return;
    stay.hasJoined = true;
    const { index } = this.#parts;
    this.#enter((nowNs) => {
      this.meter.join(stay.slot, nowNs);
      this.#host.listener.joined(nowNs, index, stay.slot, 0);
    });
  }

  #firstToken(stay: Stay): void {
    stay.hasToken = true;
    this.#health.succeeded();
    const { index } = this.#parts;
    this.#enter((nowNs) => {
      this.meter.firstToken(stay.slot, nowNs);
      this.#host.listener.firstToken(nowNs, index, stay.slot);
    });
  }

  #over(stay: Stay, failure: Failure | undefined): void {
    stay.attempt = undefined;
    if (failure === undefined) this.#leave(stay, "finished");
    else if (failure.kind === "refused" || failure.kind === "missing") {
      this.#health.succeeded();
      if (this.#writer.learn(failure.problem)) this.#again(stay);
      else this.#fail(stay, failure);
    } else this.#broken(stay, failure);
  }

  /** The server failed the sequence. */
  #broken(stay: Stay, failure: Outage): void {
    this.#failures += 1;
    if (stay.hasToken) this.#fail(stay, failure);
    else {
      stay.failure = failure;
      this.#enter((nowNs) => this.meter.stop(stay.slot, nowNs));
    }
    this.#health.failed(failure, stay.request.origin.endpoint);
    if (this.#stays[stay.slot] !== stay || failure.kind === "connection") return;
    stay.timer = setTimeout(() => this.#requeue(stay), this.#backoffMs(failure.retryAfterMs));
  }

  #backoffMs(retryAfterMs: number | undefined): number {
    const { backoffMs, mostBackoffMs } = this.#parts.timing;
    const doubledMs = backoffMs * 2 ** Math.max(0, this.#health.failures - 1);
    return Math.min(retryAfterMs ?? doubledMs, mostBackoffMs);
  }

  #again(stay: Stay): void {
    stay.count = this.#newCount(stay.request);
    stay.isUnsent = true;
    queueMicrotask(() => this.#send(stay));
  }

  #fail(stay: Stay, failure: Failure): void {
    stay.request.origin.problem = problemOf(failure, stay.hasToken);
    this.#leave(stay, "failed");
  }

  /** Gives a sequence without a token back to the engine's queue. */
  #requeue(stay: Stay): void {
    if (stay.failure !== undefined) {
      stay.request.origin.problem = problemOf(stay.failure, false);
    }
    this.#leave(stay, "replica-down");
  }

  /** The server is alive: what waited for that word goes on. */
  #cleared(): void {
    for (const stay of this.#stays) {
      if (stay === undefined) continue;
      if (stay.failure?.kind === "connection") this.#requeue(stay);
      else this.#send(stay);
    }
  }

  /** Streams that still flow are let flow: they leave when they end. */
  #goDown(cause: string): void {
    this.#outages += 1;
    this.#cause = cause;
    const { upstream, index } = this.#parts;
    upstream.forgetModel();
    this.#enter((nowNs) => {
      this.meter.down(nowNs);
      this.#host.listener.down(nowNs, index, cause);
    });
    const failure = { kind: "connection", cause } as const;
    for (const stay of this.#stays) {
      if (stay === undefined || stay.hasToken) continue;
      stay.attempt?.abort();
      stay.failure ??= failure;
      this.#requeue(stay);
    }
  }

  #goUp(): void {
    this.#cause = undefined;
    const { index } = this.#parts;
    this.#enter((nowNs) => {
      this.meter.up(nowNs);
      this.#host.listener.up(nowNs, index);
    });
  }

  /** A stream from before the outage still uses an adapter, which the engine would load a second time. */
  #isFreeToRise(): boolean {
    return this.#stays.every((stay) => stay?.request.adapter === undefined);
  }

  #leave(stay: Stay, reason: LeaveReason): void {
    const { slot, count, hasToken } = stay;
    const { index } = this.#parts;
    if (this.#stays[slot] !== stay) return;
    this.#stays[slot] = undefined;
    clearTimeout(stay.timer);
    if (count.isContradicted) this.#contradictions += 1;
    const outputTokens = hasToken ? count.outputTokens : 0;
    const counted = hasToken ? count.counted : undefined;
    stay.request.origin.isEstimate = count.isEstimate;
    this.#enter((nowNs) => {
      const { prefillPs, decodePs } = this.meter.report(slot, nowNs);
      this.meter.tokens += outputTokens + (hasToken ? stay.request.promptTokens : 0);
      this.#host.listener.left(nowNs, index, {
        slot,
        reason,
        outputTokens,
        counted,
        prefillPs,
        decodePs,
        batchSharePs: prefillPs + decodePs,
      });
    });
  }

  /** One input, with the meter brought up to its time. */
  #enter(report: (nowNs: number) => void): void {
    this.#host.enter((nowNs) => {
      this.meter.advance(nowNs);
      report(nowNs);
    });
  }

  #newCount({ maxOutputTokens }: LiveRequest): OutputCount {
    return new OutputCount(this.#parts.counter, maxOutputTokens);
  }

  async #scrape(): Promise<void> {
    const { upstream, pool } = this.#parts;
    this.#metrics = await upstream.metrics().catch(() => undefined);
    const used = Math.min(1, this.#metrics?.kvUsage ?? 0);
    this.meter.kvBlocksUsed = Math.floor(used * pool.kvBlocks);
  }
}
