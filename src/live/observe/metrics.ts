/**
 * The platform in Prometheus' words, and in OpenTelemetry's for generative AI where those fit. What the engine counts anyway
 * (tokens, money, queues) is read from it when somebody scrapes (platform-gauges.ts); only latencies and outcomes are
 * noted as they happen. Names say their unit; tenants are at most a hundred label values. Holds no prompt, key or id.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Counter, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import type { LatencyMetric, PlatformConfig } from "../../engine/config.ts";
import type { EngineEvent } from "../../engine/effects.ts";
import type { Admission, Outcome } from "../../engine/request.ts";
import { latencyNs } from "../../engine/sla/latency.ts";
import type { LiveRequest } from "../backends/backend.ts";
import type { Driver } from "../driver.ts";
import type { Exchange } from "../exchange.ts";
import type { Observer } from "../observer.ts";
import { operationName, PROVIDER_NAME } from "./gen-ai.ts";
import { PlatformGauges } from "./platform-gauges.ts";
import { TenantLabels } from "./tenant-labels.ts";

/** Bounds of OpenTelemetry's conventions for generative AI (status Development), s. */
const DURATION_BOUNDS_S = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
const TTFT_BOUNDS_S = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];
const TPOT_BOUNDS_S = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];
/** Our own are finer below: an 8B model on a present GPU makes a token in a few milliseconds. */
const FINE_BOUNDS_S = [0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075];

const GEN_AI_LABELS = [
  "gen_ai_operation_name",
  "gen_ai_provider_name",
  "gen_ai_request_model",
] as const;

export class Metrics implements Observer {
  readonly registry = new Registry();
  #platform: PlatformConfig;
  readonly #labels: TenantLabels;
  readonly #gauges: PlatformGauges;
  readonly #requests: Counter<"tier" | "tenant" | "outcome">;
  readonly #rejections: Counter<"tier" | "tenant" | "reason">;
  readonly #overloads: Counter;
  readonly #events: Counter<"kind">;
  /** By tier; exact at the tiers' own limits, which are bounds as well. */
  readonly #latencies: Readonly<Record<LatencyMetric, Histogram<"tier">>>;
  readonly #genAiDuration: Histogram<(typeof GEN_AI_LABELS)[number] | "error_type">;
  readonly #genAiTtft: Histogram<(typeof GEN_AI_LABELS)[number]>;
  readonly #genAiTpot: Histogram<(typeof GEN_AI_LABELS)[number]>;

  constructor(platform: PlatformConfig) {
    this.#platform = platform;
    this.#labels = new TenantLabels(platform);
    this.#gauges = new PlatformGauges(this.registry, this.#labels);
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.#requests = new Counter({
      name: "tenantry_requests_total",
      help: "Requests that have ended, by outcome: completed, failed, cancelled or rejected.",
      labelNames: ["tier", "tenant", "outcome"],
      registers,
    });
    this.#rejections = new Counter({
      name: "tenantry_rejections_total",
      help: "Requests that were not taken in, by reason.",
      labelNames: ["tier", "tenant", "reason"],
      registers,
    });
    this.#overloads = new Counter({
      name: "tenantry_overloads_total",
      help: "Requests refused before the engine saw them: its inbox was full, or it was too far behind.",
      registers,
    });
    this.#events = new Counter({
      name: "tenantry_events_total",
      help: "Engine events by kind: noisy neighbours found and held back, replicas going down and coming up.",
      labelNames: ["kind"],
      registers,
    });
    this.#latencies = latencies(registers, platform);
    this.#genAiDuration = new Histogram({
      name: "gen_ai_server_request_duration_seconds",
      help: "gen_ai.server.request.duration: arrival to last token, failures included.",
      labelNames: [...GEN_AI_LABELS, "error_type"],
      buckets: DURATION_BOUNDS_S,
      registers,
    });
    this.#genAiTtft = new Histogram({
      name: "gen_ai_server_time_to_first_token_seconds",
      help: "gen_ai.server.time_to_first_token of completed requests.",
      labelNames: GEN_AI_LABELS,
      buckets: TTFT_BOUNDS_S,
      registers,
    });
    this.#genAiTpot = new Histogram({
      name: "gen_ai_server_time_per_output_token_seconds",
      help: "gen_ai.server.time_per_output_token of completed requests with more than one token.",
      labelNames: GEN_AI_LABELS,
      buckets: TPOT_BOUNDS_S,
      registers,
    });
  }

  /** Where gauges are read. `ledgerBacklog`: batches handed to the ledger that are not durable yet. */
  attach(driver: Driver, ledgerBacklog: () => number): void {
    this.#gauges.attach(driver, ledgerBacklog);
  }

  /** A request was refused because the driver's inbox was full: nobody else can count it. */
  overloaded(): void {
    this.#overloads.inc();
  }

  submitted(_nowNs: number, { tenant }: Exchange, admission: Admission<Exchange>): void {
    if (admission.kind === "accepted") return;
    const labels = { tier: this.#tierOf(tenant), tenant: this.#labels.of(tenant) };
    this.#requests.inc({ ...labels, outcome: "rejected" });
    this.#rejections.inc({ ...labels, reason: admission.reason });
  }

  firstToken(): void {}

  ended(nowNs: number, request: LiveRequest, outcome: Outcome): void {
    const tier = this.#platform.tiers[request.tier]!.name;
    this.#requests.inc({ tier, tenant: this.#labels.of(request.tenant), outcome });
    const genAi = {
      gen_ai_operation_name: operationName(request.origin.endpoint),
      gen_ai_provider_name: PROVIDER_NAME,
      gen_ai_request_model: this.#platform.pools[request.pool]!.model.name,
    };
    const durationS = (nowNs - request.arrivalNs) / 1e9;
    if (outcome !== "completed") {
      this.#genAiDuration.observe({ ...genAi, error_type: outcome }, durationS);
      return;
    }
    this.#genAiDuration.observe(genAi, durationS);
    this.#genAiTtft.observe(genAi, latencyNs("ttft", request, nowNs)! / 1e9);
    const tpotNs = latencyNs("tpot", request, nowNs);
    if (tpotNs !== undefined) this.#genAiTpot.observe(genAi, tpotNs / 1e9);
    for (const metric of LATENCY_METRICS) {
      const ns = latencyNs(metric, request, nowNs);
      if (ns !== undefined) this.#latencies[metric].observe({ tier }, ns / 1e9);
    }
  }

  event(_nowNs: number, { kind }: EngineEvent): void {
    this.#events.inc({ kind });
  }

  reloaded(platform: PlatformConfig): void {
    this.#platform = platform;
    this.#labels.reloaded(platform);
  }

  /** Everything in the text format of Prometheus. */
  async text(): Promise<string> {
    this.#gauges.read();
    return this.registry.metrics();
  }

  #tierOf(tenant: number): string {
    return this.#platform.tiers[this.#platform.tenants[tenant]!.tier]!.name;
  }
}

const LATENCY_METRICS: readonly LatencyMetric[] = ["ttft", "tpot", "e2e", "queue"];

function latencies(
  registers: Registry[],
  { tiers }: PlatformConfig,
): Record<LatencyMetric, Histogram<"tier">> {
  const made = (
    metric: LatencyMetric,
    name: string,
    help: string,
    bounds: readonly number[],
  ): Histogram<"tier"> => {
    const limits = tiers
      .flatMap(({ targets }) => targets.filter((target) => target.metric === metric))
      .map(({ limitNs }) => limitNs / 1e9);
    const buckets = [...new Set([...bounds, ...limits])].toSorted((a, b) => a - b);
    return new Histogram({ name, help, labelNames: ["tier"], buckets, registers });
  };
  const fineTtft = [...FINE_BOUNDS_S, ...TTFT_BOUNDS_S, 0.03, 0.15, 0.2];
  return {
    ttft: made(
      "ttft",
      "tenantry_time_to_first_token_seconds",
      "Arrival to first output token, of completed requests.",
      fineTtft,
    ),
    tpot: made(
      "tpot",
      "tenantry_time_per_output_token_seconds",
      "Time per output token after the first, of completed requests with more than one.",
      [...FINE_BOUNDS_S, 0.015, ...TPOT_BOUNDS_S],
    ),
    e2e: made(
      "e2e",
      "tenantry_request_duration_seconds",
      "Arrival to last output token, of completed requests.",
      DURATION_BOUNDS_S,
    ),
    queue: made(
      "queue",
      "tenantry_queue_time_seconds",
      "Arrival to the first join of a running batch, of completed requests.",
      fineTtft,
    ),
  };
}

/** Serves GET /metrics, which names every tenant and what it uses, to whoever `isAllowed`; others are refused with 401. */
export function registerMetrics(
  app: FastifyInstance,
  metrics: Metrics,
  isAllowed: (request: FastifyRequest) => boolean,
): void {
  app.get("/metrics", async (request: FastifyRequest, reply: FastifyReply) => {
    if (!isAllowed(request)) {
      return reply
        .code(401)
        .header("www-authenticate", "Bearer")
        .type("text/plain; charset=utf-8")
        .send(
          "Send an admin key as 'Authorization: Bearer <key>', or set serve.metrics to open.\n",
        );
    }
    return reply.type(metrics.registry.contentType).send(await metrics.text());
  });
}
