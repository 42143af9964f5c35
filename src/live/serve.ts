/**
 * A live platform put together: clock, backend, driver, observers and HTTP, from one scenario. Whoever starts it brings what
 * needs a machine (the ledger, keys, a log) and decides when it ends. Holds no decision of its own.
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { assert } from "../base/assert.ts";
import { Collector } from "../results/collector.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { Backend } from "./backends/backend.ts";
import { OpenAiBackend } from "./backends/openai/openai-backend.ts";
import { PacedBackend } from "./backends/paced.ts";
import type { ServeConfig } from "../scenario/serve-config.ts";
import { pacedLengths } from "./backends/paced-lengths.ts";
import type { Used } from "./calendar.ts";
import { type Clock, systemClock } from "./clock.ts";
import { registerDashboard } from "./dashboard/feed.ts";
import { Driver } from "./driver.ts";
import { presentedKey } from "./http/auth.ts";
import { drain } from "./http/drain.ts";
import type { KeyLookup } from "./http/key-lookup.ts";
import { createHttpServer } from "./http/server.ts";
import { Traffic } from "./http/traffic.ts";
import type { ScenarioSource } from "./inputs.ts";
import { JOURNAL_VERSION } from "./journal/lines.ts";
import { JournalWriter } from "./journal/writer.ts";
import type { LedgerSink } from "./ledger.ts";
import { Collecting } from "./observe/collecting.ts";
import { Metrics, registerMetrics } from "./observe/metrics.ts";
import { TraceRecorder } from "./observe/trace-recorder.ts";
import { Tracing } from "./observe/tracing.ts";
import type { TokenCounter } from "./token-count.ts";

export interface ServerParts {
  readonly scenario: Scenario;
  /** What the scenario was loaded from: a journal keeps it. */
  readonly source: ScenarioSource;
  readonly version: string;
  readonly ledger: LedgerSink;
  /** Batches handed to the ledger that are not durable yet. */
  readonly ledgerBacklog: () => number;
  /** Whether requests may be taken in at this moment; left out: always. */
  readonly mayTakeIn?: () => boolean;
  readonly keys: KeyLookup;
  readonly used: Used | undefined;
  /** One per pool. */
  readonly counters: readonly TokenCounter[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly vegaSource: string;
  /** Files to write: a trace of arrivals, and a journal of inputs and decisions. */
  readonly recordPath: string | undefined;
  readonly journalPath: string | undefined;
  /** Routes beside the API, given the driver. */
  readonly extensions?: readonly ((app: FastifyInstance, driver: Driver) => void)[];
}

export interface RunningServer {
  readonly driver: Driver;
  readonly collecting: Collecting;
  /** For example http://127.0.0.1:8080. */
  readonly url: string;
  /** Lets requests in flight end, settles and closes everything; returns how many were cut off. */
  stop(): Promise<number>;
}

/**
 * Connections that may wait to be accepted; Linux allows no more by default (net.core.somaxconn). With Node's 511, thousands
 * of clients that come back together after a restart find some of their connections reset.
 */
const LISTEN_BACKLOG = 4096;

/** Starts to listen. Fails: whatever the address, the backend or a file cannot do, before anything is served. */
export async function startServer(parts: ServerParts): Promise<RunningServer> {
  const { scenario, log } = parts;
  const { platform, serve } = scenario;
  const clock = systemClock();
  const backend = createBackend(parts);
  const observing = createObservers(parts, clock);
  const driver = new Driver({
    platform,
    backend,
    clock,
    ledger: parts.ledger,
    observers: observing.all,
    journal: createJournal(parts, { clock, backend }),
    limits: { maxInbox: serve.maxInbox, maxLagNs: serve.maxLagNs },
    used: parts.used,
    mayTakeIn: parts.mayTakeIn ?? (() => true),
  });
  observing.collecting.attach(driver);
  observing.metrics.attach(driver, parts.ledgerBacklog);
  const traffic = new Traffic();
  const app = createHttpServer({
    driver,
    platform: () => driver.engine.platform,
    serve,
    keys: parts.keys,
    countPrompt: (pool, endpoint, body) => parts.counters[pool]!.countPrompt(endpoint, body),
    log,
    traffic,
    startedAtMs: clock.startedAtMs,
    onOverload: () => observing.metrics.overloaded(),
    tls: parts.tls,
    extensions: [
      (scope) =>
        registerMetrics(
          scope,
          observing.metrics,
          (request) => serve.metricsAccess === "open" || isAdmin(parts.keys, request),
        ),
      (scope) =>
        registerDashboard(scope, {
          driver,
          collecting: observing.collecting,
          isAdmin: (request) => isAdmin(parts.keys, request),
          vegaSource: parts.vegaSource,
        }),
      ...(parts.extensions ?? []).map(
        (extend) => (scope: FastifyInstance) => extend(scope, driver),
      ),
    ],
  });
  const close = async (): Promise<void> => {
    observing.collecting.close();
    await driver.stop();
    await observing.close();
  };
  await listen(app, serve, close);
  return {
    driver,
    collecting: observing.collecting,
    url: urlOf(app, parts.tls !== undefined),
    async stop() {
      const cutOff = await drain(app, traffic, serve.drainTimeoutNs / 1e6);
      await close();
      return cutOff;
    },
  };
}

/** Listens, or closes all there is and fails. */
async function listen(
  app: FastifyInstance,
  { host, port }: ServeConfig,
  close: () => Promise<void>,
): Promise<void> {
  try {
    await app.listen({ host, port, backlog: LISTEN_BACKLOG });
  } catch (error) {
    await app.close();
    await close();
    throw error;
  }
}

function createBackend({ scenario, counters, environment }: ServerParts): Backend {
  const { platform, serve } = scenario;
  if (serve.backend === "paced") return new PacedBackend(platform.pools, pacedLengths(scenario));
  return new OpenAiBackend({ platform, upstreams: serve.upstreams, counters, environment });
}

function createObservers({ scenario, recordPath, version, log }: ServerParts, clock: Clock) {
  const { platform, serve } = scenario;
  const collecting = new Collecting(new Collector(platform, 0));
  const metrics = new Metrics(platform);
  const recorder = recordPath === undefined ? [] : [new TraceRecorder(recordPath, platform)];
  const tracing =
    serve.tracesUrl === undefined
      ? []
      : [
          new Tracing(platform, {
            url: serve.tracesUrl,
            startedAtMs: clock.startedAtMs,
            version,
            onProblem: (message: string) => log.warn({ message }, "traces not sent"),
          }),
        ];
  return {
    collecting,
    metrics,
    all: [collecting, metrics, ...recorder, ...tracing],
    async close() {
      for (const one of [...recorder, ...tracing]) await one.close();
    },
  };
}

function createJournal(
  { journalPath, source, version }: ServerParts,
  run: { readonly clock: Clock; readonly backend: Backend },
): JournalWriter | undefined {
  if (journalPath === undefined) return undefined;
  const { startedAtMs } = run.clock;
  const header = { journal: JOURNAL_VERSION, tenantry: version, startedAtMs, scenario: source };
  return new JournalWriter(journalPath, header, run.backend.meters);
}

/** Whether the request carries the administrator's key. */
export function isAdmin(keys: KeyLookup, request: FastifyRequest): boolean {
  const presented = presentedKey(request);
  const found = presented === undefined ? undefined : keys.find(presented);
  return found !== undefined && "admin" in found;
}

function urlOf(app: FastifyInstance, isTls: boolean): string {
  const address = app.server.address();
  assert(typeof address === "object" && address !== null, "a server without an address");
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return `${isTls ? "https" : "http"}://${host}:${address.port}`;
}
