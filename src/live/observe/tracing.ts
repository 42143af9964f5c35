/**
 * OpenTelemetry traces, where a collector is configured: one span per request, with children for the wait in the queue, the
 * computing of the prompt, and decoding. Spans are made when a request ends, from the times its record holds anyway, so
 * a request in flight carries nothing. Without a configured collector none of this is ever loaded into a driver.
 */
import {
  type HrTime,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
  ROOT_CONTEXT,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
  BatchSpanProcessor,
  type SpanExporter,
  TracerProvider,
  type TracerProviderOptions,
} from "@opentelemetry/sdk-trace";
import type { PlatformConfig } from "../../engine/config.ts";
import type { Admission, Outcome } from "../../engine/request.ts";
import type { LiveRequest } from "../backends/backend.ts";
import type { Exchange } from "../exchange.ts";
import type { Observer } from "../observer.ts";
import { operationName, PROVIDER_NAME } from "./gen-ai.ts";

/** Spans waiting to be sent; more are dropped, for traffic comes before traces. Some seconds at 1,000 requests/s. Assumed. */
const MOST_WAITING_SPANS = 16_384;
const SPANS_PER_EXPORT = 2048;
/** With its retries: a collector that is away holds up the end of a run by no more. */
const EXPORT_TIMEOUT_MS = 2000;

export interface TracingSettings {
  /** OTLP/HTTP endpoint, as a rule ending in /v1/traces. */
  readonly url: string;
  /** Unix time at which the run's time began, ms. */
  readonly startedAtMs: number;
  readonly version: string;
  /** Told when sending begins to fail; not again before it has worked. */
  readonly onProblem?: (message: string) => void;
}

export class Tracing implements Observer {
  #platform: PlatformConfig;
  readonly #startedAtMs: number;
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;

  constructor(platform: PlatformConfig, settings: TracingSettings) {
    this.#platform = platform;
    this.#startedAtMs = settings.startedAtMs;
    const exporter = telling(settings);
    this.#provider = new TracerProvider({
      resource: resourceOf({ "service.name": "tenantry", "service.version": settings.version }),
      spanProcessors: [
        new BatchSpanProcessor({
          exporter,
          maxQueueSize: MOST_WAITING_SPANS,
          maxExportBatchSize: SPANS_PER_EXPORT,
          scheduledDelayMillis: 1000,
        }),
      ],
    });
    this.#tracer = this.#provider.getTracer("tenantry", settings.version);
  }

  submitted(nowNs: number, exchange: Exchange, admission: Admission<Exchange>): void {
    if (admission.kind === "accepted") return;
    const { tier } = this.#platform.tenants[exchange.tenant]!;
    const span = this.#tracer.startSpan(
      this.#nameOf(exchange),
      {
        kind: SpanKind.SERVER,
        startTime: this.#time(nowNs),
        attributes: { ...this.#attributesOf(exchange, tier), "error.type": admission.reason },
      },
      ROOT_CONTEXT,
    );
    span.setStatus({ code: SpanStatusCode.ERROR, message: `not taken in: ${admission.reason}` });
    span.end(this.#time(nowNs));
  }

  firstToken(): void {}

  ended(nowNs: number, request: LiveRequest, outcome: Outcome): void {
    const { origin, arrivalNs, joinedNs, firstTokenNs, adapter } = request;
    const span = this.#tracer.startSpan(
      this.#nameOf(origin),
      {
        kind: SpanKind.SERVER,
        startTime: this.#time(arrivalNs),
        attributes: {
          ...this.#attributesOf(origin, request.tier),
          "gen_ai.request.max_tokens": request.maxOutputTokens,
          "gen_ai.usage.input_tokens": request.promptTokens,
          "gen_ai.usage.cache_read.input_tokens": request.cachedTokens,
          "gen_ai.usage.output_tokens": request.outputTokens,
          "tenantry.outcome": outcome,
          "tenantry.preemptions": request.preemptions,
          "tenantry.crashes": request.crashes,
          ...(request.replica >= 0 && { "tenantry.replica": request.replica }),
          ...(adapter !== undefined && { "tenantry.adapter": origin.adapter ?? String(adapter) }),
          ...(origin.finishReason !== undefined && {
            "gen_ai.response.finish_reasons": [origin.finishReason],
          }),
          ...(outcome !== "completed" && { "error.type": outcome }),
        },
      },
      ROOT_CONTEXT,
    );
    const inside = trace.setSpan(ROOT_CONTEXT, span);
    const phases = [
      ["queue", arrivalNs, joinedNs],
      ["prefill", joinedNs, firstTokenNs],
      ["decode", firstTokenNs, nowNs],
    ] as const;
    for (const [name, fromNs, toNs] of phases) {
      if (Number.isNaN(fromNs)) break;
      const endNs = Number.isNaN(toNs) ? nowNs : toNs;
      this.#tracer
        .startSpan(name, { kind: SpanKind.INTERNAL, startTime: this.#time(fromNs) }, inside)
        .end(this.#time(endNs));
    }
    if (outcome === "failed") {
      span.setStatus({ code: SpanStatusCode.ERROR, message: origin.problem?.message ?? outcome });
    }
    span.end(this.#time(nowNs));
  }

  event(): void {}

  reloaded(platform: PlatformConfig): void {
    this.#platform = platform;
  }

  /** Sends what waits and stops. What cannot be sent is told to `onProblem`, and lost. */
  async close(): Promise<void> {
    await this.#provider.shutdown().catch(() => {});
  }

  #nameOf({ endpoint, pool }: Exchange): string {
    return `${operationName(endpoint)} ${this.#platform.pools[pool]!.model.name}`;
  }

  #attributesOf(exchange: Exchange, tier: number): Record<string, string> {
    const pool = this.#platform.pools[exchange.pool]!;
    return {
      "gen_ai.operation.name": operationName(exchange.endpoint),
      "gen_ai.provider.name": PROVIDER_NAME,
      "gen_ai.request.model": pool.model.name,
      "tenantry.request.id": exchange.id,
      "tenantry.tenant": this.#platform.tenants[exchange.tenant]!.name,
      "tenantry.tier": this.#platform.tiers[tier]!.name,
      "tenantry.pool": pool.name,
    };
  }

  /** A time of the run as seconds and nanoseconds since 1970; both whole, so that nothing is rounded to milliseconds. */
  #time(ns: number): HrTime {
    const seconds = Math.floor(this.#startedAtMs / 1000);
    const restNs = (this.#startedAtMs - seconds * 1000) * 1e6 + ns;
    const whole = Math.floor(restNs / 1e9);
    return [seconds + whole, Math.round(restNs - whole * 1e9)];
  }
}

/** The exporter, which says when it fails: the SDK would keep that to itself. */
function telling({ url, onProblem }: TracingSettings): SpanExporter {
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: EXPORT_TIMEOUT_MS });
  let isFailing = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        if (result.error === undefined) isFailing = false;
        else if (!isFailing) {
          isFailing = true;
          onProblem?.(
            `traces cannot be sent to ${url}: ${result.error.message}; they are dropped until it answers`,
          );
        }
        done(result);
      });
    },
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}

/** What sends the spans. Merging is for resources found by detection, of which there are none. */
function resourceOf(
  attributes: Record<string, string>,
): NonNullable<TracerProviderOptions["resource"]> {
  const resource: NonNullable<TracerProviderOptions["resource"]> = {
    attributes,
    merge: () => resource,
    getRawAttributes: () => Object.entries(attributes),
  };
  return resource;
}
